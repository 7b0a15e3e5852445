scm example
observed G : real
observed G : count
outcome  Y : real
G -> Y
