# DCEVAE on images: what a causes moves, what it only goes with stays
#
# Paper    Kim et al., AAAI 2021, Section on CelebA; here in small, on scenes whose counterfactuals are known.
# Data     Scenes drawn by this project: `causaldsl data scenes -o scenes.csv`. a causes the roof and the window and only
#          goes with the sun (association .56). `causaldsl.datasets.scenes` also draws each scene's true counterfactual.
# Expect   Under do(a = 1 - a) roof and window change and the sun stays, as long as r names it: with beta_r = 0 it goes along
#          with a in most scenes. Two latents do not keep it better than one (`cvae_image.scm`): `docs/results/images.md`.

scm dcevae_image "DCEVAE on drawn scenes"

param beta_r = 40  # how much it counts that u_r tells sun, tree and snow; 0 leaves them unnamed
param beta_tc = 3.2

sensitive a               : binary
observed  sun, tree, snow : binary
outcome   x               : image[3, 16, 16] from "picture"
latent    u_r[5], u_d[5]
group r = sun, tree, snow
group u = u_r, u_d

u_r    -> r, x
u_d, a -> x

r ~ mlp(parents; hidden=[5], activation=relu)
x ~ deconv(parents; channels=[32, 16], hidden=[64], norm=batch, activation=leaky_relu(0.2))
guide u ~ Normal(conv(x, a; channels=[16, 32], hidden=[64], norm=batch, dropout=0.04,
                      activation=leaky_relu(0.2)))

loss elbo(weights={r: beta_r, a: 0})
loss disentangle = beta_tc * total_correlation(u_d, (u_r, a);
                                               network=mlp(hidden=[100, 100, 100],
                                                           activation=leaky_relu(0.2)))

train learning_rate=3e-3, schedule=exponential, batch_size=64, epochs=40
