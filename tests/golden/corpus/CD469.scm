scm example
latent  K
outcome Y : real
K -> Y
loss gap = mse(K, 0) - 2 * elbo()
