scm example
observed X : real
outcome  Y : real
X -> Y
assert dependent(X, Y)
