scm example
observed X : real
outcome  group : real
X -> group
