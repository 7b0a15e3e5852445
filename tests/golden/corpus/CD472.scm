scm example
sensitive S : {White, Black}
observed  G : real
outcome   Y : real
S -> G -> Y
predict Y from G, Y
