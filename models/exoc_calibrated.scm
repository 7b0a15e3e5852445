# EXOC with scales that the data can tell: K is used, and predicts without a gap
#
# Paper    Tian et al., "Towards Counterfactual Fairness through Auxiliary Variables", ICLR 2025, Fig. 1b.
# Data     Law School (LSAC), the 20 412 rows of White, Black and Asian students.
# Here     Four changes to exoc.scm. The test score is a number with a noise of its own: a Poisson's variance is above
#          the score's, so that the score could say nothing of K. The noise of Y is below what Y leaves once S is
#          known: at 1, above Y's own spread, Y could not speak of K or S' either. How much of the rest is S' and how much
#          is noise is a convention. S' reaches G and L through S alone: within a group, its effects on all three of G, L,
#          Y are K's. The guide lets K depend on S'; without that K becomes a copy of L. R is 1, in nats.
# Expect   G, L and Y share K, in a flat valley: a noise of G or L near its floor is hardly worse. K alone predicts Y about
#          twice as well as Fair-K's (its RMSE is 0.017 below a constant's, against 0.008) and hardly moves with S. Abducted
#          without Y, S' is a function of S: as a feature it buys the accuracy of a regression on everything, and its gap. A draw
#          of it stands between. Gamma turns S' into a code for Y; it buys no fairness.

scm exoc_calibrated "EXOC with scales that the data can tell"

# weight of the control loss, in nats
param gamma = 0.1

sensitive S   : {White, Black, Asian} from "race" else drop
observed  G   : real                  from "UGPA" "undergraduate GPA"
observed  L   : real                  from floor("LSAT") "admission test score"
outcome   Y   : real                  from "ZFYA" "first-year average, standardised"
latent    K   : real                  "knowledge"
auxiliary S'  : real                  "what gives rise to S"
control   S'' : real                  "S' read back from Y"

K  -> G, L, Y
S' -> S, Y
S  -> G, L
Y  -> S''

Y ~ Normal(linear(parents), 0.7)

guide S' ~ Normal(mlp(S, G, L, Y; hidden=[32]))
guide K ~ Normal(mlp(S', S, G, L, Y; hidden=[32]))

loss control = gamma * balance(mse(S', S''); R=1)

predict Y from K
predict Y from K, sampled(S')
predict Y from K, S'

assert independent(K, S)
assert not S -> Y
