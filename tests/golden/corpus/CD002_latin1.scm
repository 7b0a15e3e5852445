scm école
outcome Y : real
