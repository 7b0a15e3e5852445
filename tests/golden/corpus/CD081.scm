outcome Y : real
