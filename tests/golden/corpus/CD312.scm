scm example
sensitive S : {White, Black}
auxiliary S'
outcome   Y : real
control   S''
S' -> S -> Y -> S''
