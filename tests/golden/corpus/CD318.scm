scm example
sensitive S : {White, Black}
outcome   Y : real
S -> Y
assert not independent(S, Y | S)
