scm example
observed X : real
outcome  Y : real
X -> Y
Y ~ mlp(X; hidden=[4], dropout=2)
