scm example
sensitive S : {White, Black}
observed  L : real
outcome   Y : real
S -> L, Y
query te = E[(Y - L)[S <- Black]]
