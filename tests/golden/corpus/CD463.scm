scm example
sensitive a : binary
latent    K
outcome   y : binary
a, K -> y
loss fair = mean(abs(y - y[a <- a']))
