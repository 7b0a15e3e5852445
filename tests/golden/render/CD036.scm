query q = Q[Y]
