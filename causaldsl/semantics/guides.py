"""Guides."""
from __future__ import annotations

def check_guides(scope, mechanisms):  # type: ignore
    from causaldsl.syntax import nodes
    default = "auto"
    for s in scope.names.of(nodes.Guide):
        if not s.targets:
            default = s.right.name
    return {}, default
