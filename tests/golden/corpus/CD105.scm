scm example
param gamma = 1
outcome Y : real
gamma -> Y
Y ~ Normal(gamma, 1)
