# CVAE as released with DCEVAE
#
# Paper    Kim et al., AAAI 2021; the authors' repository, tabular part.
# Data     Adult, binarised by Xu et al. 2019 (CFGAN): 48 842 rows, `causaldsl data adult_binary`; the published
#          file has 65 123, its test part twice: `--part published`.
# Released a is a parent of r as well, which a counterfactual therefore draws anew. a_f = 0.15 is their default, 0 what
#          their table of effects needs.
# Expect   With a_f = 0 a total effect of .08 to .17, by split: the epoch that is kept is that of the best accuracy of a
#          label which the encoder has seen. The last epoch of 124 has about .15.

scm cvae_released "CVAE as released"

param a_f = 0.15

sensitive a : binary from "Sex" "1 = male"
observed  Age, Race, Native_Country : binary
observed  Workclass, Education, Marital_Status, Occupation, Relationship, Hours_Per_Week : binary
outcome   y : binary from "Income" "1 = above 50K"
latent    u[7]
group r = Age, Race, Native_Country
group d = Workclass, Education, Marital_Status, Occupation, Relationship, Hours_Per_Week

u, a -> r, d, y

r, d, y ~ mlp(parents; hidden=[7], activation=tanh)
guide u ~ Normal(mlp(r, d, a, y; hidden=[11], activation=tanh); scale=logvar)

loss elbo(weights={a: 0})
loss fair = a_f * mean(abs(E[y] - E[y[a <- a']]))

train learning_rate=1e-4, batch_size=256, epochs=500, validation=0.25, patience=30, keep=accuracy(y)
query te = E[y[a <- 1]] - E[y[a <- 0]]
predict y from r, d
