scm example
scm another
outcome Y : real
