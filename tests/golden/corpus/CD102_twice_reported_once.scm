scm example
outcome Y : real
X -> Y
Y ~ Normal(X + 2*X, 1)
