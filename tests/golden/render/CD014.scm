Y ~ 2x
