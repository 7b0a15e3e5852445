scm example
observed größe : real
outcome  Y : real
größe -> Y
Y ~ Normal(grösse, 1)
