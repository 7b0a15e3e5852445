# Fair-K as released, to the letter
#
# Paper    Tian et al., "Towards Counterfactual Fairness through Auxiliary Variables", ICLR 2025: its Fair-K.
# Data     Law School (LSAC), the 20 412 rows of White, Black and Asian students, all of them, test rows too.
# Released Race is drawn as a category, but every regression reads it as the number 0, 1 or 2, so that Asian is
#          twice Black; Y has no intercept; each row has free guide parameters; one draw of K is the feature.
# Expect   A negative ELBO of 2 262 973 before the first step, 184 187 after 2 000 and about 115 700 after 12 000
#          steps, far from the optimum 109 243: between step 3 000 and 9 000 K is a code for race.
#          fair_k.scm is the model to use.

scm fair_k_released "Fair-K as released"

sensitive R : {White, Black, Asian} from "race" else drop
observed  G : real                  from "UGPA"
observed  L : count                 from floor("LSAT")
outcome   Y : real                  from "ZFYA"
latent    K : real

K, R -> G, L, Y

learn pi[R] = {White: 0.4, Black: 0.3, Asian: 0.3}
learn b_g, w_gk, w_gr, b_l, w_lk, w_lr, w_fk, w_fr = 0
learn sigma_g = 1

K ~ Normal(0, 1)
R ~ Categorical(pi)
G ~ Normal(b_g + w_gk*K + w_gr*code(R), abs(sigma_g))
L ~ Poisson(exp(b_l + w_lk*K + w_lr*code(R)))
Y ~ Normal(w_fk*K + w_fr*code(R), 1)
guide per_row

loss elbo(estimator=draws)

train learning_rate=1e-3, epochs=12000, batch_size=all
predict Y from sampled(K)
