scm example
observed G : real
outcome  Y : real
G -> Y
Y ~ Normal(2G, 1)
