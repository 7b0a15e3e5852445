scm example
observed X : real
outcome  Y : real
X -> X
X -> Y
