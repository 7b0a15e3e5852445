scm example
outcome Y : real
learn w ~ 0
