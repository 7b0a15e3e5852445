scm example
param shift = {White: 0, Black: -0.4}
sensitive S : {White, Black}
observed  X : real
outcome   Y : real
S -> X -> Y
Y ~ Normal(X + shift[S], 1)
