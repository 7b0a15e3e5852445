scm example
outcome Y real
