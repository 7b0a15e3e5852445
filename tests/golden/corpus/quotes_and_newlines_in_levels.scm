scm example
sensitive S : {"a\"b", "c\nd", "e\\f"}
outcome   Y : real
S -> Y
query te = E[Y[S <- "a\"c"]]
