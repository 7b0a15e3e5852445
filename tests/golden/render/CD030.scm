observed x : rael
