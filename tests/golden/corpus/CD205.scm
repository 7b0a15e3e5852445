scm example
observed x[3] : real from "x1", "x2"
outcome  Y : real
x -> Y
