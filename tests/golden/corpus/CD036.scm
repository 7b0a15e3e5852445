scm example
outcome Y : real
query high = Q[Y]
