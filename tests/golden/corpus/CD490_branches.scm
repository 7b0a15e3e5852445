scm example
sensitive S : {White, Black}
latent    K
outcome   Y : real
K, S -> Y
Y ~ mlp(K; hidden=[4]) by S
