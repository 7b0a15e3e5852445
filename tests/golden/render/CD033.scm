observed x : real from "a" "label" from "b"
