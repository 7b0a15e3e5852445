scm example
observed G : real
outcome  Y : real
G -> Y
predict Y
