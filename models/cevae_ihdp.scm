# CEVAE in its original form: continuous and binary features, an outcome with a branch for each treatment
#
# Paper    Louizos et al., "Causal Effect Inference with Deep Latent-Variable Models", NeurIPS 2017, the IHDP script.
# Data     A table with columns x1 .. x25 (six continuous, nineteen binary), treatment and y, as the IHDP replications
#          have them after their columns are named. `benchmarks/cevae_peer.py` draws such a table with known effects.
# Differs  Both predictors have networks of their own; in the original q(y|x,t) and q(z|x,t,y) are as here.
# Expect   The encoder reads the observed t and y; for a new unit without them, draws of their predictors.

scm cevae_ihdp "Causal effect inference with deep latent-variable models"

param act = elu

observed xc[6]  : real   from standardize("x1" .. "x6")
observed xb[19] : binary from "x7" .. "x25"
observed t      : binary from "treatment"
outcome  y      : real   from standardize("y")
latent   z[20]
group x = xc, xb

z -> x, t, y
t -> y

x ~ mlp(z; hidden=[200, 200], activation=act)
t ~ mlp(z; hidden=[200], activation=act)
y ~ Normal(mlp(z; hidden=[200, 200, 200], activation=act) by t, 1)
guide t ~ mlp(x; hidden=[20], activation=act)
guide y ~ Normal(mlp(mlp(x; hidden=[200, 200], activation=act); hidden=[200], activation=act) by t,
                 1)
guide z ~ Normal(mlp(mlp(x, y; hidden=[200, 200], activation=act); hidden=[200],
                     activation=act) by t)

train learning_rate=1e-3, batch_size=100, epochs=100, optimizer=adamw, weight_decay=1e-4
query ate = E[y[t <- 1] - y[t <- 0]]
