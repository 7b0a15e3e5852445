scm example
sensitive a : binary
latent    u, w
outcome   Y : real
u, w, a -> Y
loss same = mmd(u, u)
loss near = mse(u, u)
loss twice = hsic((u, u), a)
loss apart = total_correlation(u, (w, u); network=mlp(hidden=[4]))
loss hide = adversary(a from (u, a); network=mlp(hidden=[4]))
loss group = mmd((u, a) by a)
loss given = mmd(u, Normal(w, 1))
