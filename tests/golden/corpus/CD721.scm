scm example
outcome Y : real
query spread = E[abs(Y - E[Y])]
