scm example
sensitive a : binary
latent    K
outcome   Y : real
a, K -> Y
loss fair = mean(abs(E[Y] - E[Y[a <- a']]))
