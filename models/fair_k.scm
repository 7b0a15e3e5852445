# Fair-K: predict from a cause that no sensitive variable reaches
#
# Paper    Kusner et al., "Counterfactual Fairness", NeurIPS 2017, level 2.
# Data     Law School (LSAC), the 20 412 rows of White, Black and Asian students.
# Here     Race is a category with an effect of its own for each level, every regression has an intercept, and
#          the predictor's features are abducted without Y.
# Expect   The likelihood has no interior maximum: the noise of G goes to its floor and K becomes what G does
#          not share with S. Against White, first-year averages come out 1.04 lower for Black and 0.50 lower
#          for Asian students; K says little about Y (an RMSE of about 0.918 against 0.926 for a constant).

scm fair_k "Counterfactual fairness"

sensitive S : {White, Black, Asian} from "race" else drop
observed  G : real                  from "UGPA" "undergraduate GPA"
observed  L : count                 from floor("LSAT") "admission test score"
outcome   Y : real                  from "ZFYA" "first-year average, standardised"
latent    K : real                  "knowledge"

K -> G, L, Y
S -> G, L, Y

# the noise of Y is fixed: K would otherwise be free to become Y
Y ~ Normal(linear(parents), 1)

predict Y from K

query black_white = E[Y[S <- Black]] - E[Y[S <- White]]
query asian_white = E[Y[S <- Asian]] - E[Y[S <- White]]

assert independent(K, S)
assert identified(black_white)
