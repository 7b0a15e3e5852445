scm example
observed I : positive
outcome  Y : real
latent   K
K -> I -> Y
I := -exp(K)
