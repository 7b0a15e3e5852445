# A law school with every number given
#
# Graph    That of exoc.scm without S'': S' gives rise to S and reaches Y on its own, S reaches G and L.
# Data     None needed: `causaldsl simulate` draws it, with `--worlds "S=s'"` each row's true counterfactuals too.
# Numbers  Chosen so that the lesson shows on a few thousand rows: K says much about Y (it explains a third of its
#          variance), and S costs a Black student 0.4 grade points and a fifth of the test score.
# Expect   S has no effect on Y at all: the groups differ in Y because S' does. Predictors that read G and L move
#          with S; one that reads an abducted K moves as far as its model errs about K.

scm law_simulated "Law school with every number given"

# effect of S on grade points, and on the log of the test score
param on_grades = {White: 0, Black: -0.4, Asian: -0.1}
param on_score = {White: 0, Black: -0.2, Asian: -0.05}

sensitive S  : {White, Black, Asian} from "race"
observed  G  : real                  from "UGPA" "undergraduate GPA"
observed  L  : count                 from "LSAT" "admission test score"
outcome   Y  : real                  from "ZFYA" "first-year average, standardised"
latent    K  : real                  "knowledge"
auxiliary S' : real                  "what gives rise to S"

K  -> G, L, Y
S' -> S, G, L, Y
S  -> G, L

S ~ {White: 1.2, Black: S', Asian: -0.2 - 0.5*S'}
G ~ Normal(3.2 + 0.3*K - 0.1*S' + on_grades[S], 0.3)
L ~ Poisson(exp(3.6 + 0.1*K - 0.03*S' + on_score[S]))
Y ~ Normal(0.2 + 0.8*K - 0.5*S', 1)

query effect_on_grades = E[G[S <- Black]] - E[G[S <- White]]
query effect_on_score  = E[L[S <- Black]] - E[L[S <- White]]

assert not path(S, Y)
