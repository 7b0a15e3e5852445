Y ~ mlp(x, hidden=[3])
