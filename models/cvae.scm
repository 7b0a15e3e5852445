# CVAE: one latent for everything, given the sensitive attribute
#
# Paper    Sohn et al., NeurIPS 2015, as the baseline of Kim et al., AAAI 2021. Widths of their code.
# Data     Adult, binarised by Xu et al. 2019 (CFGAN): 48 842 rows, `causaldsl data adult_binary`; the published
#          file has 65 123, its test part twice: `--part published`.
# Differs  r does not descend from a, so a counterfactual leaves it alone; in their code it is drawn anew.
# Expect   A total effect of about .15, below the observed .19: u carries some of what a would have to say.

scm cvae "Conditional variational autoencoder"

sensitive a : binary from "Sex" "1 = male"
observed  Age, Race, Native_Country : binary
observed  Workclass, Education, Marital_Status, Occupation, Relationship, Hours_Per_Week : binary
outcome   y : binary from "Income" "1 = above 50K"
latent    u[7]
group r = Age, Race, Native_Country
group d = Workclass, Education, Marital_Status, Occupation, Relationship, Hours_Per_Week

u -> r, d, y
a -> d, y

r, d, y ~ mlp(parents; hidden=[7], activation=tanh)
guide u ~ Normal(mlp(r, d, a, y; hidden=[11], activation=tanh))

loss elbo(weights={a: 0})

train learning_rate=5e-3, schedule=exponential, batch_size=256, epochs=14, tolerance=3e-3
query te = E[y[a <- 1]] - E[y[a <- 0]]
predict y from r, d
