scm example
param shift = {White: 0, Black: -0.4, White: 0.1}
sensitive S : {White, Black}
outcome   Y : real
S -> Y
Y ~ Normal(shift[S], 1)
