# CVAE on images: one latent, given a
#
# Paper    Sohn et al., NeurIPS 2015, as the baseline of Kim et al., AAAI 2021.
# Data     Scenes drawn by this project: `causaldsl data scenes -o scenes.csv`. a causes the roof and the window and only
#          goes with the sun (association .56). `causaldsl.datasets.scenes` also draws each scene's true counterfactual.
# Expect   Roof and window change and the sun stays, since u must tell it; with beta_r = 0 it goes along with a in most
#          scenes (`docs/results/images.md`).

scm cvae_image "CVAE on drawn scenes"

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

loss elbo(weights={r: beta_r, a: 0})

train learning_rate=3e-3, schedule=exponential, batch_size=64, epochs=40
