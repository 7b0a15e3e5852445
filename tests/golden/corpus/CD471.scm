scm example
latent  K
outcome Y : real
K -> Y
predict K from Y
