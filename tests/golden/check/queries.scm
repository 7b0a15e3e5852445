scm queries
sensitive S : {White, Black, Asian}
observed  L, Z : real
observed  O : {low < mid < high}
observed  B : binary
outcome   Y : real
latent    K
S -> L -> Y
S -> O, B -> Y
S, K -> Y
Z -> Y
query ok    = (E[Y[S <- Black]] - E[Y[S <- White]]) / 2
query flips = E[abs(Y[S <- s'] - Y[S <- S'])]
query ord   = P[O >= mid, B = 1 | S = Asian] + Q[Y[S <- Black, L <- L[S <- White]], 0.9 | L >= 30]
query paths = E[Y[S <- Black along {S -> L -> Y, S -> Y}] - Y]
query a = Y  # error: CD720
query b = 3 + 4  # error: CD720
query c = Y[S <- Black]  # error: CD720
query d = E[E[Y]]  # error: CD721
query e = P[Y]  # error: CD722
query f = E[Y > 0]  # error: CD722
query g = E[Y | S]  # error: CD722
query h = Q[Y, 1.5]  # error: CD723
query i = E[Y[B <- 2]]  # error: CD724
query j = P[B = 3]  # error: CD724
query k = E[Y[S <- White, S <- Black]]  # error: CD725
query l = E[Y[L ~ Poisson(1)]]  # error: CD726
query m = E[Y[L <- l']]  # error: CD727
query n = E[Y[S <- Black along S -> Z -> Y]]  # error: CD728
query o = E[Y[S <- Black along L -> Y]]  # error: CD729
query p = E[Y[S <- Black along S -> L]]  # error: CD729
query q = E[(Y - L)[S <- Black]]  # error: CD731
query r = E[Z[S <- Black]]  # warning: CD732
query s = P[S < Black]  # error: CD734
query t = E[S]  # error: CD735
query u = E[Y[S <- L]]  # error: CD724
query v = E[Y, L]  # error: CD403
query w = E[sampled(Y)]  # error: CD736
query x = E[Y[S <- O]] + P[S = O]  # error: CD724, CD724
