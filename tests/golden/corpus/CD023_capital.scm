scm example
Outcome Y : real
