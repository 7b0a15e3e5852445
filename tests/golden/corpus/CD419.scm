scm example
observed X : real
outcome  Y : real
learn w[X] = 0
X -> Y
Y ~ Normal(w[X], 1)
