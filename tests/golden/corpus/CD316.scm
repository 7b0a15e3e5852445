scm example
sensitive S : {White, Black}
observed  G : real
outcome   Y : real
S -> G -> Y
assert independent(S, Y)
