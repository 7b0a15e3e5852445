scm example
outcome Y : real
prior b ~ Poisson(3)
Y ~ Normal(b, 1)
