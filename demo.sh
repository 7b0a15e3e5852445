#!/bin/sh
# The main job on data that it brings along: each command is shown before it runs, so that it can be repeated.
set -eu
cd "$(dirname "$0")"
mkdir -p demo

say() { printf '\n# %s\n' "$1"; }

run() {
  printf '$ causaldsl'
  for word in "$@"; do
    case "$word" in *[\ \'\;]*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac
  done
  printf '\n'
  causaldsl "$@" 2>&1
}

say "A model file: who takes part, which arrows join them, what is optimised, who predicts."
run check models/exoc.scm models/fair_k.scm models/law_simulated.scm

say "Its graph, and the Pyro module that it stands for."
run graph models/exoc.scm -o demo/exoc.svg
run compile models/exoc.scm -o demo/exoc.py

say "Rows from a law school with every number given, and what each row would have been under another S."
run simulate models/law_simulated.scm -n 4000 --seed 0 --worlds "S=s'" -o demo/law.csv

say "Two models fitted to them; a fit that has not converged would say so, and exit with 5."
run fit models/fair_k.scm --data demo/law.csv --quiet -o demo/fair_k.fit || test $? -eq 5
run fit models/exoc.scm --data demo/law.csv --quiet -o demo/exoc.fit || test $? -eq 5

say "What if S had been another? Every row, in every other world."
run counterfactual demo/exoc.fit --data demo/law.csv --do "S=s'" --quiet || test $? -eq 5

say "Predictors side by side; true_gap is how far each moves on the rows' true counterfactuals."
run compare models/fair_k.scm models/exoc.scm --data demo/law.csv --seeds 2 --train epochs=60 --draws 20 \
  --metrics rmse,mae,cf_gap,cf_gap_p95,cf_mmd2,cf_w1,true_gap --quiet || test $? -eq 5
