scm example
latent  u[2], v[3]
outcome Y : real
u, v -> Y
loss same = mse(u, v)
