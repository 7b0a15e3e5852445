scm example "\u12"
outcome Y : real
