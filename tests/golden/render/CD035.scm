assert idetified(te)
