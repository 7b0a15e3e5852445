scm example
param effect = {White: 0, Black: 2}
sensitive S : {White, Black, Asian}
outcome   Y : real
S -> Y
Y ~ Normal(effect[S], 1)
