"""Invariants of the IR: a failure here is a bug of ours, never the user's."""

from __future__ import annotations

from causaldsl.diagnostics.model import InternalError
from causaldsl.ir import nodes as ir
from causaldsl.ir.passes.walk import params_of, variables_of


def verify(program: ir.Program) -> ir.Program:
    """Return the program if every mechanism reads only its parents and known parameters.

    Raises
    ------
    InternalError
        Naming the mechanism that breaks an invariant.
    """
    params = [p.name for p in program.params]
    if len(params) != len(set(params)):
        raise InternalError("CD902: two parameters share a name")
    known, seen = set(params), set[str]()
    for m in program.mechanisms:
        if not set(m.parents) <= seen:
            raise InternalError(f"CD902: `{m.target}` stands before one of its parents")
        seen.add(m.target)
        roots = [*m.arguments.values(), *([m.structural] if m.structural else [])]
        for root in roots:
            if not variables_of(root) <= set(m.parents):
                raise InternalError(f"CD902: `{m.target}` reads a variable that is no parent")
            if not params_of(root) <= known:
                raise InternalError(f"CD902: `{m.target}` reads an unknown parameter")
    return program
