scm example
observed S : {p, q, r}
latent   u[2]
outcome  Y : real
u, S -> Y
loss match = mmd(u, S)
loss game  = adversary((Y, u), sampled(Y); network=mlp(hidden=[4]))
