scm recipes
sensitive S : binary
observed  G[2] : real
outcome   Y : binary
latent    K
control   C'
S, K -> G, Y
Y -> C'
loss control = mse(K, C')
train epochs=0, batch_size=all, learning_rate=-1  # error: CD413, CD413
train epochs=3, keep=accuracy(K), milestones=[1, 2.5]  # error: CD109, CD413, CD413
train patience=all, keep=accuracy  # error: CD102, CD109
predict K from S  # error: CD471
predict G from S  # error: CD471
predict Y from Y  # error: CD472
predict Y from S, S  # error: CD472
predict Y from C'  # error: CD472
predict Y from sampled(S), sampled(K)  # error: CD472
predict Y from 2*S  # error: CD421
