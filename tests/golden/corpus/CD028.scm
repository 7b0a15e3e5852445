scm example
observed E : real
outcome  Y : real
