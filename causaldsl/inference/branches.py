"""Which branches of a model's networks no training row reaches."""

from __future__ import annotations

from collections.abc import Iterator

from causaldsl.data.encoded import EncodedData
from causaldsl.diagnostics.model import Diagnostic
from causaldsl.inference import findings
from causaldsl.runtime.load import CompiledScm
from causaldsl.semantics.model import Scm, Stochastic
from causaldsl.semantics.walk import walk
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import levels_of


def untrained_branches(compiled: CompiledScm, data: EncodedData) -> list[Diagnostic]:
    """Return a warning for each `by` that has a network for levels without rows."""
    found: dict[Diagnostic, None] = {}
    for branch in _branches(compiled.scm):
        levels = levels_of(compiled.scm.variables[branch.name].domain) or ()
        if branch.name not in data.columns:
            continue
        present = {int(k) for k in data.columns[branch.name].tolist()}
        absent = [level for k, level in enumerate(levels) if k not in present]
        if absent:
            found[findings.untrained_branch(branch.name, absent, branch.span)] = None
    return list(found)


def _branches(scm: Scm) -> Iterator[nodes.Name]:
    """Yield the variables behind `by` in mechanisms and guides, at their places."""
    for expression in _expressions(scm):
        for item in walk(expression):
            if not isinstance(item, nodes.By):
                continue
            branch = item.branch
            if isinstance(branch, nodes.Call) and branch.inputs:  # sampled(a)
                branch = branch.inputs[0]
            if isinstance(branch, nodes.Name) and branch.name in scm.variables:
                yield branch


def _expressions(scm: Scm) -> Iterator[nodes.Expression]:
    for variable in scm.variables.values():
        if isinstance(variable.mechanism, Stochastic):
            yield from variable.mechanism.arguments.values()
        else:
            yield variable.mechanism.expression
    yield from (guide.right for guide in scm.guides.values())
