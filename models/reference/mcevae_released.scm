# mCEVAE as released with DCEVAE
#
# Paper    Kim et al., AAAI 2021; the authors' repository, tabular part.
# Data     Adult, binarised by Xu et al. 2019 (CFGAN): 48 842 rows, `causaldsl data adult_binary`; the published
#          file has 65 123, its test part twice: `--part published`.
# Released Every feature descends from a, race and country too. The latent is matched to a uniform box in place of its
#          prior, and a group's distance is multiplied by its rows in the batch, which outweighs everything else. Their
#          sum over pairs, divided by n (n - 1) / 2, is twice the distance here (but for n / (n - 1)): hence 0.2 and 1
#          for their 0.1 and 0.5. The heads of the features are one more hidden layer in their code.
# Expect   A total effect of about .19 from its own encoder and .07 from the prior; the decoded features hardly predict the
#          decoded labels.

scm mcevae_released "mCEVAE as released"

sensitive a : binary from "Sex" "1 = male"
observed  Age, Race, Native_Country : binary
observed  Workclass, Education, Marital_Status, Occupation, Relationship, Hours_Per_Week : binary
outcome   y : binary from "Income" "1 = above 50K"
latent    u[7]
group x = Age, Workclass, Education, Marital_Status, Occupation, Relationship, Race, Hours_Per_Week,
          Native_Country

u, a -> x, y

x ~ mlp(parents; hidden=[8, 9, 9], activation=leaky_relu, norm=batch)
y ~ mlp(parents; hidden=[8], activation=leaky_relu, norm=batch)
guide u ~ Normal(mlp(x; hidden=[9, 9], activation=leaky_relu, norm=batch) by a; scale=logvar)

loss elbo(kl=0, weights={a: 0})
loss prior_match = 0.2 * mmd(u, Uniform(0, 1); kernel=gaussian(0.7071))
loss group_match = mmd(u by a, Uniform(0, 1); kernel=gaussian(0.7071), weights=count)

train learning_rate=1e-4, batch_size=256, epochs=500, validation=0.25, patience=50, keep=accuracy(y)
query te = E[y[a <- 1]] - E[y[a <- 0]]
predict y from x
