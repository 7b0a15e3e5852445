scm guides
sensitive S : binary
observed  G : real
outcome   Y : real
latent    K, L, M, N
latent    h
S, K, L, M, N -> G, Y
G -> h
h := mlp(G; hidden=[3])
guide variational  # error: CD445
guide h ~ Normal(mlp(G))  # error: CD441
guide S ~ per_row  # error: CD441
guide K ~ Normal(mlp(L, G; hidden=[4]))  # error: CD443
guide L ~ Normal(mlp(K, G; hidden=[4]); scale=logvar)
guide M ~ Normal(mlp(sampled(G), S; hidden=[4]))  # error: CD444
guide M ~ per_row  # error: CD442
guide N ~ Poisson(exp(G))  # error: CD402
guide S ~ mlp(G; hidden=[4])
guide Y ~ conv(G; channels=[2])  # error: CD415
G ~ Normal(mlp(sampled(K), S, L, M, N; hidden=[2]), 1)  # error: CD736
coupling G ~ gumbel  # error: CD451
coupling Y ~ independent
coupling Y ~ additive  # error: CD452
