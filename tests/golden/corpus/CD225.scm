scm example
observed X : real
outcome  Y : real
X -> Y
Y ~ Normal(code(X), 1)
