scm example
sensitive S : binary
outcome   Y : real
S -> Y
S <-> Y
query te = E[Y[S <- 1]] - E[Y[S <- 0]]
assert identified(te)
