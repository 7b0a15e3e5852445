scm example
outcome income : binary as {"<=50K": 1, ">50K": 2}
