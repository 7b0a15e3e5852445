scm example
param shift = {White: 0, Blak: -0.4}
sensitive S : {White, Black}
outcome   Y : real
S -> Y
Y ~ Normal(shift[S], 1)
