# --set gama=2
scm example
param gamma = 1
outcome Y : real
Y ~ Normal(gamma, 1)
