# A generator of counterfactual rows: what a row has in common with others, decoded with each race
#
# Paper    Tian et al., "Towards Counterfactual Fairness through Auxiliary Variables", ICLR 2025, Appendix C: a latent H
#          encoded from X and Y, a decoder that also gets S, and a term that makes H alike in every group.
# Data     Law School (LSAC), the 20 412 rows of White, Black and Asian students.
# Differs  The released code takes ten gradient steps, so that its decoded LSAT lies at -1 where the table's is 37; it
#          matches means where this file matches distributions; and it hands Fair-K and EXOC noise in place of their
#          own latents. Here every predictor is re-run on the rows of the other world, Fair-K and EXOC too:
#          `causaldsl compare fair_k.scm exoc.scm --worlds synthetic_vae.fit`.
# Expect   H says nothing of S (their HSIC is printed while training), so that worlds differ by S's own effect.

scm synthetic_vae "Generator of counterfactual rows"

param tau = 5

sensitive S : {White, Black, Asian} from "race" else drop
observed  G : real                  from "UGPA"
observed  L : count                 from floor("LSAT")
outcome   Y : real                  from "ZFYA"
latent    H[2]

H, S -> G, L, Y

G, L, Y ~ mlp(parents; hidden=[32], activation=tanh)
guide H ~ Normal(mlp(G, L, Y; hidden=[32], activation=tanh))

loss elbo(weights={S: 0})
loss alike = tau * mmd(H by S)

train learning_rate=5e-3, schedule=exponential, batch_size=512, epochs=40
