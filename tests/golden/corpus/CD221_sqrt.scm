scm example
outcome Y : real
Y ~ Normal(0, sqrt(-1))
