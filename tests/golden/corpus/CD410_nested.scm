scm example
observed X : real
outcome  Y : real
X -> Y
Y ~ Normal(Normal(X, 1), 1)
