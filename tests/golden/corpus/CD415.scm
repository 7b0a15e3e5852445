scm example
observed X : real
outcome  Y : real
X -> Y
Y ~ conv(X; channels=[4])
