scm example
observed X : real
outcome  Y : real
X -> Y
Y ~ Normall(X, 1)
