# mCEVAE on images: the latent is matched to its prior in both groups
#
# Paper    Pfohl et al., MLHC 2019, as the baseline of Kim et al., AAAI 2021.
# Data     Scenes drawn by this project: `causaldsl data scenes -o scenes.csv`. a causes the roof and the window and only
#          goes with the sun (association .56). `causaldsl.datasets.scenes` also draws each scene's true counterfactual.
# Expect   Without a KL the latent keeps more of the picture. Matching u in both groups of a takes what goes with a out of
#          it, so some scenes lose or gain a sun even where r names it (`docs/results/images.md`).

scm mcevae_image "mCEVAE on drawn scenes"

param beta_r = 40  # how much it counts that u tells sun, tree and snow; 0 leaves them unnamed

sensitive a               : binary
observed  sun, tree, snow : binary
outcome   x               : image[3, 16, 16] from "picture"
latent    u[10]
group r = sun, tree, snow

u -> r, x
a -> x

r ~ mlp(parents; hidden=[5], activation=relu)
x ~ deconv(parents; channels=[32, 16], hidden=[64], norm=batch, activation=leaky_relu(0.2))
guide u ~ Normal(conv(x, a; channels=[16, 32], hidden=[64], norm=batch, dropout=0.04,
                      activation=leaky_relu(0.2)))

loss elbo(kl=0, weights={r: beta_r, a: 0})
loss prior_match = 100 * mmd(u, Normal(0, 1))
loss group_match = 100 * mmd(u by a, Normal(0, 1))

train learning_rate=3e-3, schedule=exponential, batch_size=64, epochs=40
