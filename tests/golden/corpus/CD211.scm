scm example
latent  K from "knowledge"
outcome Y : real
K -> Y
