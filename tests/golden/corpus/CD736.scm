scm example
latent   K
observed G : real
outcome  Y : real
K -> G -> Y
Y ~ Normal(E[G], 1)
