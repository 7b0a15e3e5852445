scm example
observed L : count
outcome  Y : real
L -> Y
L ~ Normal(30, 5)
