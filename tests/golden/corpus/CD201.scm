scm example
sensitive S : {White, Black, White}
outcome   Y : real
S -> Y
