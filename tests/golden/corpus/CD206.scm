scm example
observed L : count from standardize("LSAT")
outcome  Y : real
L -> Y
