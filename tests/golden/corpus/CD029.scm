scm example
observed marital : {Never-married, Married}
outcome  Y : real
