scm example
missing drop
missing error
outcome Y : real
