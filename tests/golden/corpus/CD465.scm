scm example
sensitive S : {White, Black}
latent    K
outcome   Y : real
S, K -> Y
loss hide = adversary(S from K)
