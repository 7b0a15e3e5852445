
#!a file that nobody formatted
scm   messy   "Every \"form\" once"
param gamma=1.2
param rates={White:0,"Asian-Pac":-0.4}
param   sizes = [ 1,2 ,3 ]
missing error


# who takes part
sensitive S:{White,Black,"Asian-Pac"} from "race" else drop "protected"
observed G:real from "UGPA"
observed x[19],longer_name[ 2 ] : binary   from "x1".."x21"   # a range
observed o : {low<mid<high} as {0:low,1:mid,2:high} missing drop
outcome Y:count from floor( "ZFYA" )
outcome picture : image[3,64,64]
latent u[4], v
auxiliary S'
control S'' : positive
group d = G,o

S',S->G,o,Y
u->d->Y # chain
S<->Y


G := b + w[S]*u - 2*(u+v)^2/3
Y,o ~ mlp(parents;hidden=[100,100],activation=leaky_relu( 0.2 )) by S
x ~ Bernoulli(sigmoid(a_rather_long_weight*a_rather_long_variable + another_long_weight*another_long_variable + 1))
learn b,w[S]:positive=1
prior sigma2 ~ InverseGamma(1,1)
guide auto
guide u ~ Normal(mlp(mlp(x,G;hidden=[200,200],activation=elu);hidden=[200],activation=elu) by S;scale=logvar)
guide v ~ per_row
coupling independent
coupling Y,o ~ independent

loss elbo( kl=1,weights={u:2,
   # a weight that matters
   S:0} )
loss fair = gamma*mean(abs(E[Y]-E[Y[S<-s']]))
loss hide = 2 * adversary(S from u;network=mlp(hidden=[100]),steps=50) + mmd(u by S,Normal(0,1))
train epochs=500,
      keep=loss
predict Y from sampled(u),   G

query te=E[Y[S<-White]]-E[Y[S<-Black along S->G->Y]]
query probability = P[Y[S<-S+1,u~Uniform(0,1)]>0|G>= -1,S=White]
query median = Q[Y,0.5|S!=White]
assert not independent(S',(u,v)|S,G)
assert S->Y
assert identified( te )

# the end
