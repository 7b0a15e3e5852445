"""Which latent is the noise of a structural equation: it enters once, and invertibly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from causaldsl.semantics.mechanisms import CheckedMechanism
from causaldsl.semantics.model import Structural
from causaldsl.semantics.scope import Scope
from causaldsl.semantics.structure import Structure
from causaldsl.semantics.walk import names_in
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import Real

INVERTIBLE = frozenset({"exp", "log", "sqrt", "sigmoid"})


def with_noise(
    mechanisms: Mapping[str, CheckedMechanism], scope: Scope, structure: Structure
) -> dict[str, CheckedMechanism]:
    """Return the mechanisms, each observed equation with the latent that is its noise.

    A latent is the noise of one equation only: two equations would fix it twice. A latent that
    has no other child goes first.
    """
    taken: set[str] = set()
    children: dict[str, int] = dict.fromkeys(scope.variables, 0)
    for parents in scope.parents.values():
        for parent in parents:
            children[parent] += 1
    result = dict(mechanisms)
    for name in structure.order:
        checked = mechanisms[name]
        equation = checked.mechanism
        if not isinstance(equation, Structural) or not scope.variables[name].role.is_observed:
            continue
        latents = [
            latent for latent in candidates(equation.expression, name, scope) if latent not in taken
        ]
        if latents:
            noise = min(latents, key=lambda latent: children[latent])
            taken.add(noise)
            result[name] = replace(checked, mechanism=replace(equation, noise=noise))
    return result


def candidates(expression: nodes.Expression, target: str, scope: Scope) -> list[str]:
    """Return the real latents that enter an expression once and invertibly."""
    counts: dict[str, int] = {}
    for name in names_in(expression):
        counts[name.name] = counts.get(name.name, 0) + 1
    size = scope.variables[target].size
    return [
        name
        for name in counts
        if counts[name] == 1
        and name in scope.parents[target]
        and not scope.variables[name].role.is_observed
        and isinstance(scope.variables[name].domain, Real)
        and scope.variables[name].size == size
        and enters_invertibly(expression, name)
    ]


def enters_invertibly(expression: nodes.Expression, name: str) -> bool:
    """Whether an expression can be solved for a name that it holds once."""
    match expression:
        case nodes.Name():
            return expression.name == name
        case nodes.Unary(operand=inner):
            return enters_invertibly(inner, name)
        case nodes.Binary(op="^"):
            return False
        case nodes.Binary(left=left, right=right):
            return enters_invertibly(left if holds(left, name) else right, name)
        case nodes.Call(name=function, inputs=(inner,)) if function in INVERTIBLE:
            return enters_invertibly(inner, name)
        case nodes.Call(name="linear", inputs=inputs):
            return any(isinstance(item, nodes.Name) and item.name == name for item in inputs)
        case _:
            return False


def holds(expression: nodes.Expression, name: str) -> bool:
    """Whether a name stands somewhere in an expression."""
    return any(item.name == name for item in names_in(expression))
