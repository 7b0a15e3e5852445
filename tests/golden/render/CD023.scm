sensitve S : binary
