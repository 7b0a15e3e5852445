scm example
sensitive A : binary
observed  Z : real
observed  W : real
outcome   Y : real
A -> Z
Z -> W, Y
W -> Y
query part = E[Y[A <- 1 along A -> Z -> Y] - Y]
