scm example
latent  K
outcome Y : real
K -> Y
loss near = Y * mse(K, 0)
