scm example
outcome Y : real
learn sigma : positive = -1
Y ~ Normal(0, sigma)
