scm example
sensitive S : {White, Black}
latent    K
outcome   Y : real
S -> Y -> K
