scm loss_inputs
param z = 0
param one = 1
sensitive a : binary
observed  x : real
observed  v[2] : binary from "a", "b"
observed  c : {p, q, r}
observed  im : image[1, 4, 4]
outcome   y : binary
latent    u[2], k, w[3], o[1]
group g = u, k
u, w, o -> x
u -> c, im
u, k, v, a -> y
im ~ deconv(u; channels=[2])
y ~ mlp(u, k, v, a; hidden=[2]) by v  # error: CD411
guide k ~ Normal(mlp(x; hidden=[2]) by v)  # error: CD411
loss s1 = mse(u, k)  # error: CD214
loss s2 = mse(u, x) + mae(v, u)  # error: CD214
loss s3 = mse(mean(u), mean(k)) + mean(u * k)  # error: CD214, CD214
loss s4 = mse(o, k)  # error: CD214
loss s5 = mse(im, 0.5) + mse(im, u)  # error: CD214
loss s6 = mean(max(u, 0, k)) + balance(mae(abs(u), -w))  # error: CD214, CD214
loss s7 = mse(E[v], u) + mse(mean(u * 2), k) + mean(abs(E[y] - 0.5)) + mae(u, one)
loss s8 = mean(abs(E[v] - E[y]))  # error: CD214
loss w1 = mmd(u by v)  # error: CD411
loss w2 = mmd(u, k)  # error: CD464
loss w3 = mmd(g, c) + mmd(w, c) + mmd(u, (k, x)) + mmd(u by a, u)
loss w4 = mmd(u by a, g)  # error: CD464
loss w5 = adversary(u, k; network=mlp(hidden=[3]))  # error: CD464
loss w6 = adversary((x, k), sampled(x); network=mlp(hidden=[3]))  # error: CD464
loss w6b = adversary((k, x), (k, sampled(x, w)); network=mlp(hidden=[3]))  # error: CD464
loss w6c = adversary((k, x), (k, sampled(x)); network=mlp(hidden=[3]))
loss w7 = adversary((x, k), sampled(x, k); network=mlp(hidden=[3])) + hsic(u, (k, c))
loss w8 = mmd(u, Normal(k, 1))  # error: CD464
loss z1 = mmd(u by a) / 0  # error: CD220
loss z2 = 1 / z * mean(k)  # error: CD220
loss z3 = mean(k) / (one - 1)  # error: CD220
loss z4 = warmup(0, 1 / z; epochs=2) * mean(k)  # error: CD220
loss z5 = mean(k) / 1e-320  # error: CD219
loss z6 = mean(k) / one - z * mean(x)
loss t1 = mmd(u, u)  # error: CD464
loss t2 = total_correlation(u, u; network=mlp(hidden=[3]))  # error: CD464
loss t3 = total_correlation(k, (u, a), u; network=mlp(hidden=[3]))  # error: CD464
loss t4 = total_correlation((u, g), a; network=mlp(hidden=[3]))  # error: CD464
loss t5 = adversary(a from a; network=mlp(hidden=[3]))  # error: CD464
loss t6 = adversary(a from (u, a); network=mlp(hidden=[3]))  # error: CD464
loss t7 = hsic(u, g)  # error: CD464
loss t8 = mmd((u, a) by a)  # error: CD464
loss t9 = adversary(sampled(x), sampled(x); network=mlp(hidden=[3]))  # error: CD464
loss t10 = mse(mean(u), mean(u))  # error: CD464
loss t11 = mmd((u, u), Normal(0, 1))  # error: CD464
loss t20 = adversary((k, x), (x, sampled(x)); network=mlp(hidden=[3]))  # error: CD464
loss t12 = adversary(x from sampled(x); network=mlp(hidden=[3]))
loss e1 = -2 * elbo(kl=warmup(-1, 1; epochs=2))  # error: CD413, CD469
