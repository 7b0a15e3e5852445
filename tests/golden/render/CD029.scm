observed x : {Never-married, Other}
