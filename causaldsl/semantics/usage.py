"""Thin."""
def check_usage(scope, structure):
    pass
