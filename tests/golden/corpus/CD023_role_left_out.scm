scm example
Y : real
