scm example
param k = 2
observed X : real
outcome  Y : real
group g = X, k
g -> Y
