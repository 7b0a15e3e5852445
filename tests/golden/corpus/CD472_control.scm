scm example
sensitive S : {White, Black}
auxiliary S'
outcome   Y : real
control   S''
S' -> S -> Y -> S''
loss control = balance(mse(S', S''))
predict Y from S''
