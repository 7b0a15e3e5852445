scm example
observed A, B, C : real
outcome  Y : real
A, B -> C -> Y
assert independent(A, B | Y)
