scm example
observed X : real
observed v[2] : binary
outcome  Y : real
X, v -> Y
Y ~ mlp(X; hidden=[4]) by v
