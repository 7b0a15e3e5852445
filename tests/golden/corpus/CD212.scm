scm example
latent  u
outcome x : image[3, 0, 64]
u -> x
