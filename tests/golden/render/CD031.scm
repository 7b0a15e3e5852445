observed x : real[3]
