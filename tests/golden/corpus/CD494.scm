scm example
latent  u[2]
outcome Y : real
u -> Y
guide u ~ per_row
