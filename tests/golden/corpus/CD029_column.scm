scm example
outcome Y : real from ZFYA
