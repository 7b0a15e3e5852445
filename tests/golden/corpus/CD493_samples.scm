scm example
observed x : image[1, 4, 4]
latent   u, h
outcome  Y : real
u, h -> x, Y
h := 2
x ~ deconv(u, h; channels=[2])
loss a = adversary(x from u; network=mlp(hidden=[4]))
loss b = mmd(sampled(x), x)
loss c = mmd(h, Normal(0, 1))
loss d = adversary(Y from sampled(Y); network=mlp(hidden=[4]))
loss e = adversary(sampled(Y) from u; network=mlp(hidden=[4]))
