scm example
sensitive S : {White, Black, Asian} as {w: White, b: Black}
outcome   Y : real
S -> Y
