scm example
latent  K
outcome Y : real
K -> Y
loss elbo(beta=2)
