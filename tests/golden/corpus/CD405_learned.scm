scm example
outcome Y : real
learn sigma = 1
Y ~ Normal(0, sigma)
