scm example
observed X, Z : real
outcome  Y : real
X, Z -> Y
Y ~ mlp(X; hidden=[4]) by Z
