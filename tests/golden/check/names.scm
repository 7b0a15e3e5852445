scm names
param gamma = 1.2
param gamma = 2  # error: CD101
param spare = 1  # warning: CD111

sensitive S : {White, Black} from "race"
observed  G : real
outcome   Y : real
latent    K
latent    guide  # error: CD103
observed  G : count  # error: CD101
group     d = G, Y  # warning: CD111
group     unused = G  # warning: CD111

S, K -> G, Y
K -> Z  # error: CD102
S -> gamma  # error: CD105

G ~ Normal(gamma * raec, 1)  # error: CD102
Y ~ Normal(nrmal(K), parents)  # error: CD106, CD113
guide K ~ mlp(parents)  # error: CD113
loss control = gamm * mse(K, G)  # error: CD102
