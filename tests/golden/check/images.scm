scm images
sensitive a : binary
outcome   x : image[3, 18, 16]
latent    u[4]
u, a -> x
x ~ deconv(parents; channels=[16, 8, 4])  # error: CD422
