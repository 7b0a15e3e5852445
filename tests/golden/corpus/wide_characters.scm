scm example
sensitive 種族 : {白, 黒}
outcome   Y : real
種族 -> Y
query te = E[Y[種族 <- 青]]
