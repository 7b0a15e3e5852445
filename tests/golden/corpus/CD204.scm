scm example
latent u[2000000]
outcome Y : real
u -> Y
