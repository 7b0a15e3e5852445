scm parameters
sensitive S : {White, Black}
outcome   Y : real
latent    K
S, K -> Y
learn a = 0
learn b : positive = -1  # error: CD417
learn c[S] = {White: 1}  # error: CD217
learn d[K]  # error: CD419
learn e : count  # error: CD420
learn f : {A, B}  # error: CD420
learn unused = 0  # warning: CD111
learn h = "x"  # error: CD421
prior i ~ Poisson(1)  # error: CD418
prior j ~ Normal(K, 1)  # error: CD418
prior k ~ 3  # error: CD418
prior l ~ Normall(0, 1)  # error: CD106
prior m ~ Normal(0, -1)  # error: CD404
prior o[S, K] ~ Normal(0, 1)  # error: CD419
prior p[S] ~ Dirichlet([1, 1, 1])  # error: CD418
prior q[S] ~ Dirichlet([1, 1])
Y ~ Normal(a*K + b + c[S] + d + e + f + h + i + j + k + l + m + o[S] + p[S] + q[S] + linear(S; prior=Normal(0, -1)), 1)  # error: CD404
