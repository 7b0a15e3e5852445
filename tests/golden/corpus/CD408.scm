scm example
latent    K
sensitive S : {White, Black}
outcome   Y : real
K -> S -> Y
S ~ 2 * K
