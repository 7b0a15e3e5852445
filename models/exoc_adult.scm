# EXOC on Adult: one latent cause for each variable, and S' behind them all
#
# Paper    Tian et al., "Towards Counterfactual Fairness through Auxiliary Variables", ICLR 2025.
# Data     Adult (Census Income): rows with a known occupation, of the three largest races.
# Here     As in fair_k_adult.scm, with S'. The released control variable has no link to the income, which is read
#          as "<=50K" for everybody; here it reads the income. Race and sex come from S', and have no arrow to
#          the income of their own.
# Expect   S' becomes a code for race and sex, the only two things that it alone explains; the latents of single
#          categories are as hard to see as in fair_k_adult.scm.

scm exoc_adult "Counterfactual fairness through auxiliary variables, Adult"

# weight of the control loss against the ELBO, the paper's gamma
param gamma = 1.2

sensitive race       : {White, Black, "Asian-Pac-Islander"} else drop
sensitive sex        : {Female, Male}
observed  marital    : {"Married-civ-spouse", "Never-married", Divorced, Separated, Widowed,
                        "Married-spouse-absent", "Married-AF-spouse"} from "marital-status"
observed  occupation : {"Tech-support", "Craft-repair", "Other-service", Sales, "Exec-managerial",
                        "Prof-specialty", "Handlers-cleaners", "Machine-op-inspct", "Adm-clerical",
                        "Farming-fishing", "Transport-moving", "Priv-house-serv", "Protective-serv",
                        "Armed-Forces"} missing drop
observed  edu        : real   from standardize("education-num") "years of education"
observed  hours      : real   from standardize("hours-per-week") "hours of work"
outcome   income     : binary as {"<=50K": 0, "<=50K.": 0, ">50K": 1, ">50K.": 1}
auxiliary S'         : real   "what gives rise to race and sex"
control   S''        : real   "S' read back from the income"
latent    e_mar, e_edu, e_hours, e_occ, e_inc

race, sex         -> marital, edu, hours, occupation
marital, edu      -> hours, occupation, income
hours, occupation -> income
S'                -> race, sex, marital, edu, hours, occupation, income
income            -> S''
e_mar             -> marital
e_edu             -> edu
e_hours           -> hours
e_occ             -> occupation
e_inc             -> income

# the noise is fixed at half of the column's spread: data cannot tell it from the latent's share
edu   ~ Normal(linear(parents), 0.5)
hours ~ Normal(linear(parents), 0.5)

loss control = gamma * balance(mse(S', S''))

predict income from e_mar, e_edu, e_hours, e_occ

assert not race -> income
assert not sex -> income
