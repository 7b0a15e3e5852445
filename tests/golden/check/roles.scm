scm roles
sensitive S : binary
observed  G : real
outcome   Y : real
latent    K
auxiliary A'  # error: CD308
auxiliary B'  # error: CD308, CD309 warning: CD314
control   C'  # error: CD310, CD312
control   D'
control   E'  # error: CD312
control   F'
K, S -> G, Y
A' -> G
S -> B'
Y -> D' -> F'  # error: CD311
Y -> E'
K -> C'
loss control = balance(mse(A', D')) + mse(K, F')
