scm words
param t = {White: 0, Black: 1}
sensitive S : {White, Black}
observed  G : real
outcome   Y : binary
latent    K
S, K -> G, Y
G ~ mlp(parents; hiden=[4], hidden=[4], hidden=[5])  # error: CD108, CD109
Y ~ mlp(parents; hidden=[4], activation=rleu)  # error: CD110
coupling Y ~ fixed  # error: CD110
train learnin_rate=0.1, optimizer=newton  # error: CD108, CD110
query te = E[Y[S <- Blak]] + P[Y = 1 | S = Wite]  # error: CD107, CD107
query le = E[Y[S <- Black] - t[Whte] - t["no"]]  # error: CD107, CD107
