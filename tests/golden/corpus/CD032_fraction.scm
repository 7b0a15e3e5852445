scm example
latent  u
outcome x : image[3, 64, 0.5]
u -> x
