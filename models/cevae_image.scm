# CEVAE on images: the latent also explains a, and each value of a has its own picture network
#
# Paper    Louizos et al., NeurIPS 2017, as the baseline of Kim et al., AAAI 2021.
# Data     Scenes drawn by this project: `causaldsl data scenes -o scenes.csv`. a causes the roof and the window and only
#          goes with the sun (association .56). `causaldsl.datasets.scenes` also draws each scene's true counterfactual.
# Expect   u knows a; flipping a asks the other network for latents that it seldom saw, so the pictures are less exact than
#          those of `cvae_image.scm`. The sun stays as long as r names it (`docs/results/images.md`).

scm cevae_image "CEVAE on drawn scenes"

param beta_r = 40  # how much it counts that u tells sun, tree and snow; 0 leaves them unnamed

sensitive a               : binary
observed  sun, tree, snow : binary
outcome   x               : image[3, 16, 16] from "picture"
latent    u[10]
group r = sun, tree, snow

u -> r, a, x
a -> x

r, a ~ mlp(u; hidden=[5], activation=relu)
x    ~ deconv(u; channels=[32, 16], hidden=[64], norm=batch, activation=leaky_relu(0.2)) by a
guide a ~ mlp(conv(x; channels=[16, 32], hidden=[64], norm=batch, dropout=0.04,
                   activation=leaky_relu(0.2)); hidden=[])
guide u ~ Normal(mlp(conv(x; channels=[16, 32], hidden=[64], norm=batch, dropout=0.04,
                          activation=leaky_relu(0.2)); hidden=[]) by a)

loss elbo(weights={r: beta_r, a: 40})

train learning_rate=3e-3, schedule=exponential, batch_size=64, epochs=40
