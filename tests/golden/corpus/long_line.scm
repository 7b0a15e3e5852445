scm example "a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, a very long title, "
sensitive S : {White, Black}
outcome   Y : real
S -> Y
query te = E[Y[S <- Black]] - E[Y[S <- White]] + E[Y[S <- Black]] - E[Y[S <- White]] + E[Y[S <- Black]] - E[Y[S <- Whit]]
