scm example
param n = 2.5
latent u[n]
outcome Y : real
u -> Y
