"""What a program allows: whether it can be fitted, and whether it needs to be."""

from __future__ import annotations

from collections.abc import Sequence

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.ir import nodes as ir
from causaldsl.ir.guide import needed_latents
from causaldsl.ir.refusals import discrete_unobserved, no_likelihood
from causaldsl.semantics.model import Scm
from causaldsl.vocabulary.domains import is_discrete


def needs_no_fit(program: ir.Program) -> bool:
    """Whether every number of the model is given."""
    return not program.params and not program.networks


def fit_obstacles(scm: Scm, program: ir.Program) -> tuple[Diagnostic, ...]:
    """Return why a model cannot be fitted, with the places; nothing when it can."""
    found: list[Diagnostic] = [
        no_likelihood(m.target, scm.variables[m.target].mechanism_span)
        for m in program.mechanisms
        if m.observed and m.structural is not None and m.inverse is None
    ]
    for name in needed_latents(scm, program, scm.observed):
        variable = scm.variables[name]
        if is_discrete(variable.domain):
            found.append(discrete_unobserved(name, "given everything observed", variable.span))
    return tuple(found)


def guide_names(guides: Sequence[ir.GuideProgram]) -> tuple[str, ...]:
    """Return the names of the guides that exist."""
    return tuple(g.name for g in guides if g.refused is None)
