scm example
observed from : real
outcome  Y : real
