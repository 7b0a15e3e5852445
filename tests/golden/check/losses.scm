scm losses
param gamma = 1
sensitive S : binary
observed  G : real
outcome   Y : binary
latent    K, u[3]
latent    Z : binary
control   C'
S, K, u, Z -> G, Y
Y -> C'
loss elbo(kl=warmup(0, 1; epochs=10), weights={Y: 2, C': 0})  # error: CD468
loss again = elbo()  # error: CD461
loss fine = gamma / 20 * balance(mse(K, C')) - 2 * mean(abs(E[Y] - E[Y[S <- s']]))
loss a = K  # error: CD462
loss b = mse(K, G) * mse(K, G)  # error: CD462
loss c = mean(Y[S <- s'] - Y)  # error: CD463
loss d = mse(Z, K)  # error: CD463
loss e = mmd(sampled(Y), Normal(0, 1))  # error: CD463
loss f = mmd(u)  # error: CD464
loss g = mse(1, 2)  # error: CD464
loss h = adversary(S from u)  # error: CD465
loss i = balance(elbo())  # error: CD466
loss j = balance(K)  # error: CD466
loss k = K * mse(K, G)  # error: CD467
loss l = mse(K)  # error: CD403
loss m = warmup(0, 1) * mse(K, G)  # error: CD421
loss n = msee(K, G)  # error: CD106
loss o = mmd(u by S, Normal(0, 1); kernel=gausian)  # error: CD110
loss p = mmd(u, Poisson(2))  # error: CD464
loss q = mean(P[Y = 1])  # error: CD421
loss r = hsic(u, S; kernel=gaussian(-1))  # error: CD413
loss s = adversary(S from u; network=mlp(u))  # error: CD413
loss t = mean(E[K + G])  # error: CD421
