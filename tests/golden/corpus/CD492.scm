scm example
latent  K
outcome x : image[1, 8, 8]
K -> x
x ~ Normal(K, 1)
