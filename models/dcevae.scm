# DCEVAE: two latents, one for what descends from the sensitive attribute and one for the rest
#
# Paper    Kim et al., "Counterfactual Fairness with Disentangled Causal Effect Variational
#          Autoencoder", AAAI 2021, Fig. 2(e). Widths and weights are those of their code.
# Data     Adult, binarised by Xu et al. 2019 (CFGAN): 48 842 rows, `causaldsl data adult_binary`; the published
#          file has 65 123, its test part twice: `--part published`.
# Differs  The KL is taken in closed form, the second batch is drawn anew at every step, both players'
#          gradients are taken before either moves, and Adam starts at 5e-3 and decays, since 1e-4 needs
#          hundreds of epochs. The fairness term weighs 0.3, not 0.2: this fit is closer, and 0.2 leaves an effect
#          of .08. `--set beta_fair=0` is the model without it.
# Expect   Without the fairness term a total effect of about .18 (observed .19); with it below .05.

scm dcevae "Disentangled causal effect variational autoencoder"

param beta_tc = 0.4
param beta_fair = 0.3

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
guide u_r ~ Normal(mlp(r, a, y; hidden=[100, 100], activation=leaky_relu))
guide u_d ~ Normal(mlp(d, a, y; hidden=[100, 100], activation=leaky_relu))

loss elbo(weights={a: 0})
loss disentangle = beta_tc * total_correlation(u_d, (u_r, a);
                                               network=mlp(hidden=[100, 100, 100],
                                                           activation=leaky_relu(0.2)))
loss fair        = beta_fair * mean(abs(E[y] - E[y[a <- a']]))

train learning_rate=5e-3, schedule=exponential, batch_size=256, epochs=14, tolerance=3e-3
query te = E[y[a <- 1]] - E[y[a <- 0]]
predict y from r, d
