scm example
param gamma = 1.2
outcome Y : real
