scm example
outcome Y : real
train epochs=10, epochs=20
