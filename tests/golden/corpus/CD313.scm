scm example
sensitive S : {White, Black}
observed  Z : real
outcome   Y : real
S -> Y
