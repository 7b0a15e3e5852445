scm example
latent   K
observed L : count
outcome  Y : real
K -> L -> Y
L ~ Poisson(3 + K)
