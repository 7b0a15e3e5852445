scm example
observed __class__ : real
outcome  Y : real
__class__ -> Y
Y ~ Normal(__class__, 1)
