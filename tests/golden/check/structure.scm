scm structure
sensitive S : {White, Black}
observed  A, B, C, D, F : real
outcome   Y : real
latent    K, lonely  # warning: CD313
latent    dead  # warning: CD314
group     g = A, B, A  # error: CD306
group     h = i, C
group     i = h, D  # error: CD307

S -> A
A -> B -> C -> A  # error: CD303
S, K -> A  # error: CD301
A -> A  # error: CD302
A <-> D
D <-> A  # error: CD301
A -> dead
h, g -> Y
F, C -> D
S -> F  # warning: CD305
D ~ Normal(2*K + C, 1)  # error: CD304
F ~ Normal(0, 1)
