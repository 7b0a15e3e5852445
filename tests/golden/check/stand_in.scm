scm stand_in
sensitive S : {White, Black}
outcome   Y : real
observed  T : {A, B}
observed  U : binary
S <-> Y  # error: CD315
S <-> T  # error: CD315
T <-> U  # error: CD315
S, T -> Y
T -> U  # warning: CD305
Y ~ Normal(linear(S, T), 1)
S ~ {White: 1, Black: 0}
U ~ Bernoulli(0.5)
