scm example
sensitive S : {E, P}
outcome   Y : real
S -> Y
