scm example
latent  K
outcome Y : real
K -> Y
loss match = mmd(K, Normal(0, 1))
