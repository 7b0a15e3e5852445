scm example
outcome y : binary
y ~ Poisson(3)
