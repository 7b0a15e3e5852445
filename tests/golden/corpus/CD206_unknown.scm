scm example
outcome Y : real from ceil("ZFYA")
