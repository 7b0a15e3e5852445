scm example
sensitive a : binary
observed  M : binary
latent    K
outcome   Y : real
a -> M
a, M, K -> Y
loss fair = mean(abs(E[Y] - E[Y[a <- a']]))
