scm example
observed X : real
outcome  Y : real
X -> Y
Y ~ mlp(X; hidden=[4], activation=rleu)
