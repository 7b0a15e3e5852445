scm example
outcome Y : real
Y ~ open("passwd")
