scm example
observed X : real
outcome  Y : real
X -> Y
query te = E[Y[X <- x'] - Y]
