scm example
sensitive race : {White, Black}
outcome   Y : real
race -> Y
Y ~ Normal(linear(raec), 1)
