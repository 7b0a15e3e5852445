scm example
outcome Y : real
Y ~ Uniform(2, 1)
