scm example
observed A, B, C, D : real
outcome  Y : real
A -> B -> A
C -> D -> C
A, C -> Y
