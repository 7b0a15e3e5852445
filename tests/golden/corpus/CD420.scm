scm example
outcome Y : real
learn n : count = 3
Y ~ Normal(n, 1)
