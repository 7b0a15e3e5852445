# --set z=0
scm example
param z = 2
latent  K
outcome Y : real
K -> Y
loss a = mse(K, 0) / z
loss b = 1 / z * mean(K)
