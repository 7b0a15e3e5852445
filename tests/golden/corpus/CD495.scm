scm example
observed X : real
outcome  Y : real
latent   a
X, a -> Y
Y := max(0, X + a)
