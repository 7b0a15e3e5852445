scm example
observed X = 3
outcome  Y : real
X -> Y
