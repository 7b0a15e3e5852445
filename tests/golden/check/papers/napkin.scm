scm napkin
observed W, R, X : binary
outcome  Y : binary
W -> R -> X -> Y
W <-> X
W <-> Y
query te = E[Y[X <- 1] - Y[X <- 0]]
query pn = P[Y[X <- 0] = 0 | X = 1, Y = 1]
assert identified(te)
assert not independent(R, Y | X, W)
