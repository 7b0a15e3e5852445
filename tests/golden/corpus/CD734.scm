scm example
sensitive S : {White, Black}
outcome   Y : real
S -> Y
query low = P[S < Black]
