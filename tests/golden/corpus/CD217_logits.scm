scm example
sensitive S : {White, Black, Asian}
outcome   Y : real
S -> Y
S ~ {White: 1, Black: 0}
