scm example
latent  K
outcome Y : real
K -> Y
guide K ~ per_row
guide K ~ Normal(mlp(Y; hidden=[4]))
