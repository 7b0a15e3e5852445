scm example
sensitive S : {White, Black}
outcome   Y : real
S -> Y
query te = E[Y[S = Black]]
