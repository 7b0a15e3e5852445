observed X : real
scm late  # error: CD082
scm again  # error: CD083
outcome  Y : real
missing drop
missing error  # error: CD084
guide auto
guide per_row  # error: CD084
coupling independent
coupling independent  # error: CD084
coupling gumbel  # error: CD084, CD451
X -> Y
