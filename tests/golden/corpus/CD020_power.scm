scm example
observed X : real
outcome  Y : real
X -> Y
Y ~ Normal(2 ** X, 1)
