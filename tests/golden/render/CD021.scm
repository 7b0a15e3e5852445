scm m
Y ~ Normal(linear(parents), 1
A -> Y
