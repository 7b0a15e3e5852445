"""Thin."""
def check_roles(scope, structure):
    pass
