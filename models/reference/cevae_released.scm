# CEVAE as released with DCEVAE
#
# Paper    Kim et al., AAAI 2021; the authors' repository, tabular part.
# Data     Adult, binarised by Xu et al. 2019 (CFGAN): 48 842 rows, `causaldsl data adult_binary`; the published
#          file has 65 123, its test part twice: `--part published`.
# Released While training the encoder reads hard draws of the predictors of a and y, through which no gradient passes;
#          afterwards it reads the observed values. Location and log-variance of the encoder end in tanh, so that its
#          standard deviations lie between .61 and 1.65. a_f = 1 is their default, 0 what their table of effects needs.
# Expect   With a_f = 0 a total effect of about .09.

scm cevae_released "CEVAE as released"

param a_f = 1

sensitive a : binary from "Sex" "1 = male"
observed  Age, Race, Native_Country : binary
observed  Workclass, Education, Marital_Status, Occupation, Relationship, Hours_Per_Week : binary
outcome   y : binary from "Income" "1 = above 50K"
latent    u[7]
group r = Age, Race, Native_Country
group d = Workclass, Education, Marital_Status, Occupation, Relationship, Hours_Per_Week

u -> r, d, a, y
a -> y

r, d, a ~ mlp(u; hidden=[100], activation=tanh)
y       ~ mlp(u; hidden=[100], activation=tanh) by a
guide a ~ mlp(r, d; hidden=[100], activation=tanh)
guide y ~ mlp(r, d; hidden=[100], activation=tanh) by sampled(a)
guide u ~ Normal(mlp(r, d, sampled(y); hidden=[100], activation=tanh, out=tanh) by sampled(a);
                 scale=logvar)

loss fair = a_f * mean(abs(E[y] - E[y[a <- a']]))

train learning_rate=1e-4, batch_size=256, epochs=500, validation=0.25, patience=30, keep=loss,
      milestones=[1, 3, 9, 27, 81, 243], decay=0.72
query te = E[y[a <- 1]] - E[y[a <- 0]]
predict y from r, d
