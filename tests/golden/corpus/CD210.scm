scm example
outcome Y : real else drop
