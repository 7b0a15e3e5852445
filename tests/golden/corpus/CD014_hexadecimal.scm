scm example
outcome Y : real
Y ~ Normal(0x1F, 1)
