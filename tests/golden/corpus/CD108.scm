scm example
observed X : real
outcome  Y : real
X -> Y
Y ~ mlp(X; layers=[4])
