scm example
latent  u
outcome x : image[64, 64]
u -> x
