scm example
observed X : real
outcome  Y : real
X -> Y
Y ~ Gaussian(X, 1)
