# CEVAE: a latent confounder of features, sensitive attribute and outcome; branches by a
#
# Paper    Louizos et al., NeurIPS 2017, as the baseline of Kim et al., AAAI 2021. Widths of their code.
# Data     Adult, binarised by Xu et al. 2019 (CFGAN): 48 842 rows, `causaldsl data adult_binary`; the published
#          file has 65 123, its test part twice: `--part published`.
# Differs  The encoder reads the observed a and y while training (in their code draws of the predictors), and
#          its heads are not bounded.
# Expect   a has no arrow into d, so effects that pass through d are credited to u: a total effect of about -.07, where the
#          observed one is .19.

scm cevae "Causal effect variational autoencoder"

sensitive a : binary from "Sex" "1 = male"
observed  Age, Race, Native_Country : binary
observed  Workclass, Education, Marital_Status, Occupation, Relationship, Hours_Per_Week : binary
outcome   y : binary from "Income" "1 = above 50K"
latent    u[7]
group r = Age, Race, Native_Country
group d = Workclass, Education, Marital_Status, Occupation, Relationship, Hours_Per_Week

u -> r, d, a, y
a -> y

r, d, a ~ mlp(u; hidden=[100], activation=leaky_relu)
y       ~ mlp(u; hidden=[100], activation=leaky_relu) by a
guide a ~ mlp(r, d; hidden=[100], activation=leaky_relu)
guide y ~ mlp(r, d; hidden=[100], activation=leaky_relu) by a
guide u ~ Normal(mlp(r, d, y; hidden=[100], activation=leaky_relu) by a)

train learning_rate=5e-3, schedule=exponential, batch_size=256, epochs=14, tolerance=3e-3
query te = E[y[a <- 1]] - E[y[a <- 0]]
predict y from r, d
