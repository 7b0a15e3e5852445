scm example
sensitive a : binary
latent    K
outcome   y : binary
a, K -> y
loss near = mse(sampled(y), K)
