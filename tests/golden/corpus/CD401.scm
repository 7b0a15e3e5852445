scm example
observed X : real
outcome  Y : real
X -> Y
Y ~ Normal(X, 1)
Y ~ Normal(2 * X, 1)
