scm example
sensitive S : {White, Black} else dorp
outcome   Y : real
S -> Y
