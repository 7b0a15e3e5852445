scm example
observed x[2] : {low, high}
outcome  Y : real
x -> Y
