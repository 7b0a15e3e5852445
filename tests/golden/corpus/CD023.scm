scm example
sensitve S : binary
outcome  Y : real
