observed X : real  # error: CD081
outcome  Y : real
X -> Y
