scm example
param a = 1e308
outcome Y : real
Y ~ Normal(a * a, 1e-400)
