scm example
outcome Y : real
train epochs=3,
