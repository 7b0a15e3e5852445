scm example
outcome Y : real
Y ~ Normal(1_000, 1)
