scm example
outcome Y : rael
