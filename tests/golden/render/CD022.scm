Y ~ a)
