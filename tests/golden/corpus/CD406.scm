scm example
sensitive S : {White, Black}
outcome   Y : real
S -> Y
S ~ Categorical([0.7, 0.2])
