# DCEVAE as released
#
# Paper    Kim et al., AAAI 2021; the authors' repository, tabular part.
# Data     Adult, binarised by Xu et al. 2019 (CFGAN): 48 842 rows, `causaldsl data adult_binary`; the published
#          file has 65 123, its test part twice: `--part published`.
# Released As written here. What the language does not say: Glorot starts with biases of a uniform draw, one fixed
#          pairing of each row with its second row (here drawn anew at every step), and the discriminator's step
#          before the model's own (measured to make no difference).
# Expect   Validation r, d, y and KL about 5.04 nats per row and a total effect of .18 after 112 epochs.

scm dcevae_released "DCEVAE as released"

param a_h = 0.4
param a_f = 0

sensitive a : binary from "Sex" "1 = male"
observed  Age, Race, Native_Country : binary
observed  Workclass, Education, Marital_Status, Occupation, Relationship, Hours_Per_Week : binary
outcome   y : binary from "Income" "1 = above 50K"
latent    u_r[3], u_d[4]
group r = Age, Race, Native_Country
group d = Workclass, Education, Marital_Status, Occupation, Relationship, Hours_Per_Week

u_r         -> r
u_d, a      -> d
u_r, u_d, a -> y

r, d, y ~ mlp(parents; hidden=[100], activation=leaky_relu)
guide u_r ~ Normal(mlp(r, a, y; hidden=[100, 100], activation=leaky_relu); scale=logvar)
guide u_d ~ Normal(mlp(d, a, y; hidden=[100, 100], activation=leaky_relu); scale=logvar)

loss elbo(weights={a: 0})
loss disentangle = a_h * total_correlation(u_d, (u_r, a);
                                           network=mlp(hidden=[100, 100, 100],
                                                       activation=leaky_relu(0.2)))
loss fair        = a_f * mean(abs(E[y] - E[y[a <- a']]))

train learning_rate=1e-4, batch_size=256, epochs=500, validation=0.25, patience=30, keep=accuracy(y)
query te = E[y[a <- 1]] - E[y[a <- 0]]
predict y from r, d
