scm x "a\q"
