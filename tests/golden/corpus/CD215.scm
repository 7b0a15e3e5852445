scm example
sensitive S : {White, Black}
outcome   Y : real
S -> Y
Y ~ Normal(2 * S, 1)
