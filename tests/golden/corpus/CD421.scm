scm example
observed X, Z : real
outcome  Y : real
X, Z -> Y
predict Y from X + Z
