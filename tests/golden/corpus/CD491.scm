scm example
observed a : real
observed x[2] : real
outcome y : real
a -> x -> y
x ~ Normal(linear(a) + a, 1)
