scm example
outcome Y : real
Y := eval("1")
