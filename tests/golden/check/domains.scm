scm domains
param n = 2.5
sensitive S : {White, Black, White}  # error: CD201
sensitive T : {White}  # error: CD202
observed  a[n] : real  # error: CD203
observed  b[0] : real  # error: CD203
observed  c[2000000] : real  # error: CD204
observed  d[3] : real from "x1", "x2"  # error: CD205
observed  e : real from "x1", "x2"  # error: CD205
observed  f, g : real from "x1"  # error: CD205
observed  h[2] : real from "x1", "x1"  # error: CD205
observed  i : binary from standardize("x")  # error: CD206
observed  j : real from ceil("x")  # error: CD206
observed  k : real from log("x") as {A: 1}  # error: CD206
observed  l : binary as {A: 2}  # error: CD207
observed  m : {A, B} as {x: A, y: C}  # error: CD207
observed  o : {A, B} as {x: A, y: A}  # warning: CD208
observed  p : binary as {x: 1, x: 0}  # error: CD209
observed  q : real else drop  # error: CD210
latent    r from "x"  # error: CD211
observed  s : image[3, 0, 4]  # error: CD212
observed  t[3] : {A, B}  # error: CD213
outcome   Y : real
S, T, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t -> Y
