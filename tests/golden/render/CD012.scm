scm x "title
