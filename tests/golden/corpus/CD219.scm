scm example
outcome Y : real
Y ~ Normal(exp(1000), 1)
