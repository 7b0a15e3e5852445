scm example
outcome Y : real from "grades\year"
