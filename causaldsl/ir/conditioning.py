"""What an objective conditions on: variables of weight 0 in the ELBO.

They are read and never explained, so that no row teaches their mechanisms. Those without parents
are fitted apart from the objective, where their parameters are theirs alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from causaldsl.ir.lower import lower
from causaldsl.ir.nodes import Ir, MechanismIR, Num
from causaldsl.ir.objective import lower_objective
from causaldsl.ir.passes.walk import networks_of, params_of
from causaldsl.semantics.model import Scm
from causaldsl.syntax import nodes


def conditioned_on(scm: Scm) -> frozenset[str]:
    """Return the variables of weight 0 whose mechanism learns, and that no other loss draws."""
    objective, _ = lower_objective(scm)
    weights = {} if objective is None else objective.elbo.weights
    left_out = {name for name, weight in weights.items() if weight == Num(0.0)}
    program, _ = lower(scm) if left_out else (None, ())
    if program is None:
        return frozenset()
    drawn = {name for loss in scm.losses for name in _drawn_anew(loss.value)}
    left_out -= {member for name in drawn for member in scm.groups.get(name, (name,))}
    return frozenset(m.target for m in program.mechanisms if m.target in left_out and _learns(m))


def fitted_apart(scm: Scm) -> dict[str, frozenset[str]]:
    """Return the observed ones without parents, each with its parameters, which are its own."""
    chosen = {
        name
        for name in conditioned_on(scm)
        if scm.variables[name].is_observed and not scm.variables[name].parents
    }
    program, _ = lower(scm) if chosen else (None, ())
    if program is None:
        return {}
    learned = {p.name for p in program.params if p.family is None}
    read = {m.target: _params(m) for m in program.mechanisms}
    return {
        name: read[name]
        for name in sorted(chosen)
        if read[name] <= learned
        and not any(read[name] & other for n, other in read.items() if n != name)
    }


def untrained(scm: Scm) -> frozenset[str]:
    """Return what a fit leaves with the mechanism that it began with."""
    return conditioned_on(scm) - fitted_apart(scm).keys()


def _params(mechanism: MechanismIR) -> frozenset[str]:
    return frozenset().union(*(params_of(part) for part in _parts(mechanism)))


def _learns(mechanism: MechanismIR) -> bool:
    return any(params_of(part) or any(networks_of(part)) for part in _parts(mechanism))


def _parts(mechanism: MechanismIR) -> list[Ir]:
    parts: list[Ir] = list(mechanism.arguments.values())
    return parts if mechanism.structural is None else [*parts, mechanism.structural]


def _drawn_anew(node: object) -> Iterator[str]:
    """Yield what a loss draws from its mechanism, as `sampled(x)` in a game does."""
    if isinstance(node, tuple):
        for item in node:
            yield from _drawn_anew(item)
    elif isinstance(node, nodes.Call) and node.name == "sampled":
        yield from (i.name for i in node.inputs if isinstance(i, nodes.Name))
    elif isinstance(node, nodes.Node):
        for name in node.__dataclass_fields__:
            yield from _drawn_anew(getattr(node, name))
