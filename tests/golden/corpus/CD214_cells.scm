scm example
latent  u[2], k
outcome Y : real
u, k -> Y
loss same = mse(u, k) + mean(u * k)
