A → B
