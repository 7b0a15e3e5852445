scm example
observed A, B, C, D, F : real
outcome  Y : real
A -> B -> C -> D -> F -> B
F -> Y
