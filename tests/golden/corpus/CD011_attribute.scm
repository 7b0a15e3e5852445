scm example
outcome Y : real
Y ~ Normal(Y.__class__, 1)
