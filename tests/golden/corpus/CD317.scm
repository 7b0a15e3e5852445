scm example
sensitive S : {White, Black, Asian}
latent    K
outcome   Y : real
K -> S, Y
S -> Y
query ett = E[Y[S <- White] - Y | S = Black]
assert identified(ett)
