scm example
param effect = {White: 0, Black: 2}
sensitive S : {White, Black}
outcome   Y : real
S -> Y
Y ~ Normal(linear(S) + effect, 1)
