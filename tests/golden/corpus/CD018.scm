scm example
outcome Y² : real
