scm example
sensitive S : {White, Black}
observed  X : real
outcome   Y : real
X, S -> Y
Y ~ Normal(linear(X), exp(X) by S)
