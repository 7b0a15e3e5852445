scm mechanisms
param p = {White: 0.5, Black: 0.3, Asian: 0.3}
sensitive S : {White, Black, Asian}
sensitive T : {White, Black, Asian}
sensitive U : {White, Black, Asian}
sensitive V : {White, Black, Asian}
observed  A, B, C, D, F, G, H : real
observed  L, M, N : count
observed  I, J : positive
observed  O : binary
outcome   Y : real
latent    K
group     g = G, H
K -> S, T, U, V, A, B, C, D, F, G, H, L, M, N, I, J, O
S, A, B, C, D, F, G, H, L, M, N, I, J, O -> Y
S -> H
S ~ Categorical([0.5, 0.5])  # error: CD407
T ~ Categorical(p)  # error: CD406
U ~ 2 * K  # error: CD408
V ~ {White: 1, Black: K}  # error: CD217
A ~ Normal(K, -1)  # error: CD404
A ~ Normal(K, 1)  # error: CD401
B ~ Normal(K, K)  # error: CD405
C ~ Normal(K)  # error: CD403
D ~ Normal(Normal(K, 1), 1)  # error: CD410
F := Normal(K, 1)  # error: CD410
g ~ mlp(parents; hidden=[4])  # error: CD414
L ~ Normal(K, 1)  # error: CD402
M ~ Poisson(K)  # error: CD405
N ~ mlp(K; hidden=[0], dropout=2)  # error: CD413, CD413
I := -exp(K)  # error: CD409
J := exp(J)  # error: CD416
O ~ deconv(K; channels=[4])  # error: CD415
Y ~ Normal(mlp(parents; hidden=[4]) by A, sqrt(2) by S)  # error: CD411, CD412
