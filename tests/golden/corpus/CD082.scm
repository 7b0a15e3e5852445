outcome Y : real
scm example
