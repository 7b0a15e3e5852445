scm short
observed X : binary
outcome Y : binary   # one of two
X -> Y
query te = E[Y[X <- 1]] - E[Y[X <- 0]]
assert identified(te)
