scm example
sensitive S : {White, Black}
auxiliary S'
outcome   Y : real
control   S''
S' -> S -> Y -> S''
loss elbo(weights={S'': 2})
loss control = balance(mse(S', S''))
