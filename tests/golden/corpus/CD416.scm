scm example
observed X : real
outcome  Y : real
X -> Y
Y := 2 * X + 0.5 * Y
