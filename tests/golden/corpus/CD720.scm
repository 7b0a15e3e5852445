scm example
sensitive S : {White, Black}
outcome   Y : real
S -> Y
query gap = Y[S <- Black] - Y[S <- White]
