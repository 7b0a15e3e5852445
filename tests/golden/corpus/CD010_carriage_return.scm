scm example
outcome Y : realobserved G : real
