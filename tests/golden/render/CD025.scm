Y = Normal(0, 1)
