scm example
sensitive S, T : binary
auxiliary S'
outcome   Y : real
T -> S' -> S -> Y
