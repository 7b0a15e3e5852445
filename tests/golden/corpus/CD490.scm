scm example
prior t ~ HalfNormal(1)
prior w ~ Normal(0, t)
outcome Y : real
Y ~ Normal(w, 1)
