scm example
outcome Y :
