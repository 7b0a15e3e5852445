scm claims
sensitive S : binary
observed  L, G : real
outcome   Y : real
latent    K
S -> L -> Y
K -> S, Y
K -> G
query te  = E[Y[S <- 1]] - E[Y[S <- 0]]
query ett = E[Y[S <- s'] - Y | S = 1]
query obs = E[Y | S = 1] - P[L > 0]
query own = E[Y[L <- 1] | L[S <- 0] > 1]
assert path(S, Y)
assert not path(Y, S)
assert path(G, Y)  # error: CD316
assert S -> L
assert not S -> L  # error: CD316
assert independent(L, K | S)
assert independent(L, G)  # error: CD316
assert not independent(L, G)
assert identified(te)
assert identified(obs)
assert identified(ett)  # warning: CD317
assert identified(own)  # warning: CD317
assert identified(ate)  # error: CD102
assert independent(L, L)  # error: CD318
assert independent(L)  # error: CD403
assert independent(L, Q')  # error: CD102
