scm example
outcome Y : real missing ignore
