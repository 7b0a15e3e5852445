scm example
sensitive S : {White, Black, Asian}
outcome   Y : real
S -> Y
S ~ Categorical([0.7, 0.3])
