scm example
sensitive S : {White, Black}
latent    K
outcome   Y : real
S, K -> Y
guide K ~ Normal(mlp(Y; hidden=[4]) by S)
