scm example
param shape = leaky_relu(0.2)
outcome Y : real
Y ~ Normal(shape, 1)
