scm example
latent  K
outcome Y : real
K -> Y
loss small = K ^ 2
