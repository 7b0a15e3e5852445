observed x : image[3, 2]
