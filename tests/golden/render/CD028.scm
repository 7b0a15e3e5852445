observed x : {E, F}
