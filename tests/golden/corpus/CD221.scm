scm example
outcome Y : real
Y ~ Normal(log(-2), 1)
