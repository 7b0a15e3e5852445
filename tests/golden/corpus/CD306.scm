scm example
observed A, B : real
outcome  Y : real
group g = A, B, A
g -> Y
