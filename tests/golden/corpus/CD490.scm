scm example
latent  K
outcome Y : real
K -> Y
Y ~ mlp(K; hidden=[16])
