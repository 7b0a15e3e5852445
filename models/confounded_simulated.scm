# Hidden causes of the sensitive attribute, of the features and of the outcome, every number given
#
# Graph    u_r causes a, r and y; u_d causes d and y. a reaches y on its own and through d1 and d2. Of the latents a row
#          shows proxies alone, so that no adjustment gives the effect of a.
# Data     None needed: `causaldsl simulate` draws it, with `--worlds "a=a'"` each row's true counterfactuals too.
# Numbers  Columns as in the binarised Adult table: three features that a does not cause, six that it does. The first four
#          numbers switch paths on and off; where one is 0, its arrow carries nothing.
# Expect   The groups differ in y by nearly twice the total effect of a; adjusting for r takes off less than half of the
#          excess. CEVAE takes d for proxies that a does not move: it comes near the truth with a_to_d=0. CVAE, mCEVAE
#          and DCEVAE take a for given, with latents independent of it: they can come near with r_to_a=0. As the
#          numbers stand, each of them misses it.

scm confounded_simulated "Hidden confounding with known effects"

# how much u_r, and u_d, move a
param r_to_a = 1.2
param d_to_a = 0

# how much a moves d, and y on its own
param a_to_d = 1
param a_to_y = 0.5

sensitive a      : binary
observed  r1     : binary
observed  r2, r3 : binary
observed  d1, d2 : binary
observed  d3, d4 : binary
observed  d5, d6 : binary
outcome   y      : binary
latent    u_r    : real "what r shows, and what moves a"
latent    u_d    : real "what d shows"
group r = r1, r2, r3
group d = d1, d2, d3, d4, d5, d6

u_r    -> a, r, y
u_d    -> a, d, y
a      -> d, y
d1, d2 -> y

a  ~ Bernoulli(sigmoid(0.4 + r_to_a*u_r + d_to_a*u_d))
r1 ~ Bernoulli(sigmoid(0.1 + 1.8*u_r))
r2 ~ Bernoulli(sigmoid(1 - 1.5*u_r))
r3 ~ Bernoulli(sigmoid(-0.5 + 1.2*u_r))
d1 ~ Bernoulli(sigmoid(-0.6 + 1.6*u_d + 1.2*a_to_d*a))
d2 ~ Bernoulli(sigmoid(0.2 - 1.4*u_d + 0.8*a_to_d*a))
d3 ~ Bernoulli(sigmoid(0.5 + 1.5*u_d - 0.6*a_to_d*a))
d4 ~ Bernoulli(sigmoid(-0.2 + 1.2*u_d + 0.3*a_to_d*a))
d5 ~ Bernoulli(sigmoid(0.3 - 1.8*u_d + 1*a_to_d*a))
d6 ~ Bernoulli(sigmoid(-1 + 1*u_d + 0.5*a_to_d*a))
y  ~ Bernoulli(sigmoid(-1.6 + 0.8*u_r + 0.7*u_d + a_to_y*(1 + 1.5*u_d)*a + 0.8*d1 + 0.6*d2))

query total = E[y[a <- 1]] - E[y[a <- 0]]

assert not identified(total)
