scm example
sensitive S : {White, Black}
auxiliary S'
outcome   Y : real
observed  Z : real
control   S''
S' -> S -> Y -> S'' -> Z
loss control = balance(mse(S', S''))
