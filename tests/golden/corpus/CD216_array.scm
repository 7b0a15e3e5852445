scm example
param t = {0: 0, 1: 2}
observed v[2] : binary
outcome  Y : real
v -> Y
Y ~ Normal(t[v], 1)
