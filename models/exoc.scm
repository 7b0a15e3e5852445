# EXOC: counterfactual fairness through auxiliary variables
#
# Paper    Tian et al., "Towards Counterfactual Fairness through Auxiliary Variables", ICLR 2025, Fig. 1b.
# Data     Law School (LSAC), the 20 412 rows of White, Black and Asian students.
# Here     The paper's idea, not its released code (that is reference/exoc_released.scm): race is a category
#          whose logits come from S', K and S' are independent and have a fixed scale, the weight R of the
#          control loss is fixed once, on the first full pass.
# Expect   No interior maximum: the noise of G goes to its floor and S' turns into a step function of S, since
#          the graph leaves out the arrow S -> Y that the data ask for. K on its own is no fairer than Fair-K's
#          and may stay unused; S' as a second feature buys accuracy and costs fairness.

scm exoc "Counterfactual fairness through auxiliary variables"

# weight of the control loss against the ELBO, the paper's gamma
param gamma = 1.2

sensitive S   : {White, Black, Asian} from "race" else drop
observed  G   : real                  from "UGPA" "undergraduate GPA"
observed  L   : count                 from floor("LSAT") "admission test score"
outcome   Y   : real                  from "ZFYA" "first-year average, standardised"
latent    K   : real                  "knowledge"
auxiliary S'  : real                  "what gives rise to S"
control   S'' : real                  "S' read back from Y"

K  -> G, L, Y
S' -> S, G, L, Y
S  -> G, L
Y  -> S''

Y ~ Normal(linear(parents), 1)

loss control = gamma * balance(mse(S', S''))

predict Y from K
predict Y from K, S'

# what the paper's fairness argument rests on
assert independent(K, S)
assert not S -> Y
