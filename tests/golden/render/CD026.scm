observed x :
