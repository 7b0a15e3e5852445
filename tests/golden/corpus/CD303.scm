scm example
observed A, B : real
outcome  Y : real
A -> B -> Y -> A
