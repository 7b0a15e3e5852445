scm example
latent  u : real[3]
outcome Y : real
u -> Y
