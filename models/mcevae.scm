# mCEVAE: the latent is matched to its prior, in every group, by kernel distances
#
# Paper    Pfohl et al., MLHC 2019, as the baseline of Kim et al., AAAI 2021. Widths of their code.
# Data     Adult, binarised by Xu et al. 2019 (CFGAN): 65 123 rows, `causaldsl data adult_binary`.
# Differs  The prior is N(0, I) (their code draws from a uniform box), r does not descend from a, and each
#          group's distance counts once (in their code times its rows). The kernel is exp(-|x - y|^2).
# Expect   There is no KL: the posterior's spread is free, and the likelihood shrinks it.

scm mcevae "Multi-group matched variational autoencoder"

sensitive a : binary from "Sex" "1 = male"
observed  Age, Race, Native_Country : binary
observed  Workclass, Education, Marital_Status, Occupation, Relationship, Hours_Per_Week : binary
outcome   y : binary from "Income" "1 = above 50K"
latent    u[7]
group r = Age, Race, Native_Country
group d = Workclass, Education, Marital_Status, Occupation, Relationship, Hours_Per_Week

u -> r, d, y
a -> d, y

r, d ~ mlp(parents; hidden=[8, 9, 9], activation=leaky_relu, norm=batch)
y    ~ mlp(parents; hidden=[8], activation=leaky_relu, norm=batch)
guide u ~ Normal(mlp(r, d; hidden=[9, 9], activation=leaky_relu, norm=batch) by a)

loss elbo(kl=0, weights={a: 0})
loss prior_match = 0.1 * mmd(u, Normal(0, 1); kernel=gaussian(0.7071))
loss group_match = mmd(u by a, Normal(0, 1); kernel=gaussian(0.7071))

train learning_rate=5e-3, schedule=exponential, batch_size=256, epochs=14, tolerance=3e-3
query te = E[y[a <- 1]] - E[y[a <- 0]]
predict y from r, d
