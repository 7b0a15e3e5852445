scm example "An example
outcome Y : real
