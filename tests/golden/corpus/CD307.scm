scm example
observed A, B : real
outcome  Y : real
group g = A, h
group h = B, g
g -> Y
