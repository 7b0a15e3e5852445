scm example
sensitive S : {White, Black}
observed  Z : real
outcome   Y : real
S, Z -> Y
query te = E[Z[S <- Black]]
