scm example
latent  K
outcome Y : real
K -> Y
guide variational
