scm example
latent  K
outcome Y : real
K -> Y
loss match = mmd(K)
