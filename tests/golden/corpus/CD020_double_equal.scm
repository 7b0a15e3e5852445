scm example
outcome Y : real
query high = P[Y == 1]
