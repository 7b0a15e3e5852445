scm example
sensitive S : {White, Black}
observed  G : real
outcome   Y : real
S, G -> Y
Y ~ Normal(linear(G), 1)
