scm example
observed X : real
outcome  Y : real
X -> Y
Y ~ Normal(X / 0, 1)
