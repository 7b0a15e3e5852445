scm recanting "Z is a recanting witness for A -> Z -> W -> Y"
sensitive A : binary
observed  Z, W : binary
outcome   Y : binary
A -> Z, Y
Z -> W, Y
W -> Y
query direct   = E[Y[A <- 1 along A -> Y] - Y | A = 0]
query witness  = E[Y[A <- 1 along A -> Z -> W -> Y] - Y | A = 0]  # error: CD730
query two      = E[Y[A <- 1 along {A -> Z -> Y, A -> Z -> W -> Y}] - Y]
query nested   = E[Y[A <- 1, Z <- Z[A <- 0]]] - E[Y[A <- 0]]
query tv       = E[Y | A = 1] - E[Y | A = 0]
query q90      = Q[Y[A <- 1], 0.9 | Z = 1]
