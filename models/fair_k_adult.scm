# Fair-K on Adult: one latent cause for each variable
#
# Paper    The Adult model of Tian et al., "Towards Counterfactual Fairness through Auxiliary Variables",
#          ICLR 2025, after Kusner et al., "Counterfactual Fairness", NeurIPS 2017.
# Data     Adult (Census Income): rows with a known occupation, of the three largest races.
# Here     The released model is void in two places. It adds one number to every class before a softmax, which
#          changes nothing; here a latent enters each level with a weight of its own. It reads the income as
#          "<=50K" for everybody; here income is income. Hours and education are standardised.
# Expect   Where a latent feeds a single category, one row holds hardly anything about it: e_mar and e_occ end within
#          0.1 nats of their prior, and the fit reports e_inc as unused. e_edu and e_hours are the residuals of
#          their columns; how much of a residual is theirs is a convention (see the two lines below).

scm fair_k_adult "Counterfactual fairness, Adult"

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
latent    e_mar, e_edu, e_hours, e_occ, e_inc

race, sex         -> marital, edu, hours, occupation, income
marital, edu      -> hours, occupation, income
hours, occupation -> income
e_mar             -> marital
e_edu             -> edu
e_hours           -> hours
e_occ             -> occupation
e_inc             -> income

# the noise is fixed at half of the column's spread: data cannot tell it from the latent's share
edu   ~ Normal(linear(parents), 0.5)
hours ~ Normal(linear(parents), 0.5)

predict income from e_mar, e_edu, e_hours, e_occ
