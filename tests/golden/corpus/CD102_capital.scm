scm example
sensitive Race : {White, Black}
outcome   Y : real
race -> Y
