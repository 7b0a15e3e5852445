scm example
sensitive S : {White, Black}
observed  L : real
outcome   Y : real
S -> L -> Y
query through = E[Y[S <- Black along S -> L] - Y]
