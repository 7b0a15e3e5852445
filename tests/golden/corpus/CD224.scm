# --set gamma=high
scm example
param gamma = 1
outcome Y : real
Y ~ Normal(gamma, 1)
