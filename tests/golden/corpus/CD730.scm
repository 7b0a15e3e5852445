scm example
sensitive A : binary
observed  Z, W : binary
outcome   Y : real
A -> Z
Z -> W, Y
W -> Y
query part = E[Y[A <- 1 along A -> Z -> W -> Y] - Y]
