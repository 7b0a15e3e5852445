scm example
sensitive S : {White, Black}
latent    K
outcome   Y : real
K, S -> Y
Y ~ linear(K; intercept=false) by S
