a__b -> c
