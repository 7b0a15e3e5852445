scm example
sensitive S : {White, Black}
observed  G : real
outcome   Y : real
latent    K
S, K -> G, Y
G ~ Normal(raec + K, 1)
Y ~ Poisson(3)
loss control = gama * mse(K, G)
query te = E[Y[S <- Blak]]
assert independent(G, Y)
