scm example
observed X, Z : real
outcome  Y : real
X -> Z <-> Y
