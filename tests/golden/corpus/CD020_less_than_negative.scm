scm example
outcome Y : real
query low = P[Y <-1]
