scm example
sensitive S : {White, Black}
observed  A, B : real
latent    K
outcome   Y : real
group g = A, B
K -> g
S -> B
g -> Y
g ~ mlp(parents; hidden=[4])
