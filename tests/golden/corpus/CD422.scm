scm example
param sizes = [32, 16, 8]
sensitive a : binary
outcome   x : image[3, 18, 16]
outcome   y : image[1, 5, 5]
latent    u[4]
u, a -> x, y
x ~ deconv(parents; channels=sizes, hidden=[64])
y ~ deconv(parents; channels=[4])
guide u ~ Normal(conv(x, a; channels=[16, 32]))
