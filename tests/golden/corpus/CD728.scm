scm example
sensitive S : {White, Black}
observed  L : real
outcome   Y : real
S -> L
L -> Y
query direct = E[Y[S <- Black along S -> Y] - Y]
