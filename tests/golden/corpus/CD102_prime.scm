scm example
sensitive S : {White, Black}
auxiliary S'
outcome   Y : real
S' -> S -> Y
Y ~ Normal(linear(S) + S'', 1)
