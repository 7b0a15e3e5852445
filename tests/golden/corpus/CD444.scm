scm example
observed a : binary
latent   K
outcome  Y : real
a, K -> Y
guide K ~ Normal(mlp(sampled(a), Y; hidden=[4]))
