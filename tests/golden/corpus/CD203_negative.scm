scm example
latent  u[0]
outcome Y : real
u -> Y
