scm example
sensitive sex : {1, 2}
outcome   Y : real
sex -> Y
