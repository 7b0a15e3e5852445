scm example
sensitve S : {White, Black}
observed G : rael
outcome  Y : real
latent   K
K -> G, Y
G ~ Normal(K, -1)
Y ~ Normall(linear(parents), 1)
predict Y from G, Z
