scm values
param t = {White: 0, Black: 1}
param list = [1, 2, 3]
param short = {White: 1}
param word = elu
param bad = leaky_relu(0.2)  # error: CD223
param twice = {White: 1, White: 2}  # error: CD209
sensitive S : {White, Black}
observed  x[3] : real
observed  z[2] : real
observed  A, B, C, D, F, G, H, I, J, L, M, N, O : real
outcome   Y : real
latent    K
group     g = A, B
S, K, x, z, A, B -> C, D, F, G, H, I, J, L, M, N, O
A, B, C, D, F, G, H, I, J, L, M, N, O -> Y
C ~ Normal(linear(parents) + x[0] + z[3], 1)  # error: CD216
D ~ Normal(linear(parents) + 2 * S, 1)  # error: CD215
F ~ Normal(linear(parents) + code(K) + exp(K, K), 1)  # error: CD225, CD403
G ~ Normal(linear(parents) + short[S], 1)  # error: CD217
H ~ Normal(linear(parents) + t, 1)  # error: CD218
I ~ Normal(linear(parents) + exp(1000), 1)  # error: CD219
J ~ Normal(linear(parents) / 0, 1)  # error: CD220
L ~ Normal(linear(parents) + log(-2), 1)  # error: CD221
M ~ Normal(linear(parents) + g, 1)  # error: CD222
N ~ Normal(linear(parents) + word, 1)  # error: CD225
O ~ Normal(linear(parents) + (-1)^0.5 + t[K] + list[7], 1)  # error: CD221, CD216, CD216
Y ~ Normal(linear(parents) + twice[S] + bad, 1)  # error: CD304
loss size = mse(x, z)  # error: CD214
