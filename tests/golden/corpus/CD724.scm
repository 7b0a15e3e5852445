scm example
sensitive a : binary
outcome   Y : real
a -> Y
query te = E[Y[a <- 2]]
