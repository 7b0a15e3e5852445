scm example
sensitive S : {White, Black}
outcome   Y : real
S -> Y
coupling Y ~ gumbel
