scm example
latent  group_ : {one, two}
outcome Y : real
group_ -> Y
