scm example
sensitive S : {White}
outcome   Y : real
S -> Y
