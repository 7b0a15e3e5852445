scm example
outcome Y : float
