scm example
sensitive S : {White, Black}
outcome   Y : real
S -> Y
guide S ~ per_row
