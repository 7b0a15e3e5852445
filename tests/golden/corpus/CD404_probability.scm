scm example
outcome y : binary
y ~ Bernoulli(1.5)
