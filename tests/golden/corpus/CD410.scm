scm example
observed X : real
outcome  Y : real
X -> Y
Y := X + Normal(0, 1)
