scm example
outcome Y__1 : real
