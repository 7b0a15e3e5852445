scm example
observed x[3] : real
outcome  Y : real
x -> Y
Y ~ Normal(x[3], 1)
