scm example
latent  K
outcome Y : real
K -> Y
loss all = balance(elbo())
