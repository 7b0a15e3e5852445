scm example
sensitive S : {White, "White"}
outcome   Y : real
S -> Y
