scm example
observed A, B : real
outcome  Y : real
group g = A, B
g -> Y
Y ~ Normal(2 * g, 1)
