scm example
latent  K
outcome Y : real
K -> Y
guide K ~ Normal(mlp(parents; hidden=[4]))
