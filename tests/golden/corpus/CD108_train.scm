scm example
outcome Y : real
train learnin_rate=0.1
