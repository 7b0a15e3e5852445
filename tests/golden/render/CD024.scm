Y ~ x +
