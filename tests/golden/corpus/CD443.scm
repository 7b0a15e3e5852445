scm example
latent  K, L
outcome Y : real
K, L -> Y
guide K ~ Normal(mlp(Y, L; hidden=[4]))
guide L ~ Normal(mlp(Y, K; hidden=[4]))
