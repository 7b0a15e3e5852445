scm comparisons
sensitive A : binary
observed  Z, W : binary
outcome   Y : real
A -> Z, Y
Z -> W, Y
W -> Y
Y ~ Normal(E[Z] + A + W, 1)  # error: CD736
query witness = E[Y[A <- 1 along A -> Z -> W -> Y] - Y | A = 0]  # error: CD730
