scm example
sensitive S : {White, Black}
latent    K
outcome   Y : real
S, K -> Y
loss hide = adversary((S, Y) from K; network=mlp(hidden=[4]))
