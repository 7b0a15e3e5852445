scm example
latent  K
outcome Y : real
K -> Y
loss elbo(kl=0.5)
loss more = 2 * elbo()
