scm example
observed T : {low, high}
outcome  Y : real
T <-> Y
T -> Y
T ~ {low: 0, high: 1}
