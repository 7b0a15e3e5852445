"""Thin."""
from causaldsl.syntax import nodes
from causaldsl.semantics.model import Query
def check_queries(scope, structure):
    return tuple(Query(name=s.name.name, value=s.value, span=s.span) for s in scope.names.of(nodes.QueryStatement))
