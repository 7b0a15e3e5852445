"""What a query asks of the graph: effects of interventions, or more than the graph can tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from causaldsl.graph.hedge import is_identified
from causaldsl.semantics.scope import Scope
from causaldsl.semantics.structure import Structure
from causaldsl.semantics.walk import children, walk
from causaldsl.semantics.worlds import is_flip
from causaldsl.syntax import nodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """``P(outcomes | do(treatments), given)``: one world, set the same way for everyone."""

    treatments: frozenset[str]
    outcomes: frozenset[str]
    given: frozenset[str]


class BeyondGraphError(Exception):
    """The query asks for more than one world at a time; its text says what."""


def is_query_identified(
    query: nodes.Expression, scope: Scope, structure: Structure
) -> tuple[bool | None, str]:
    """Return whether the graph fixes a query's answer, with the reason."""
    try:
        effects = [e for part in _expectations(query) for e in _effects_of(part, scope)]
    except BeyondGraphError as reason:
        return None, str(reason)
    for effect in effects:
        verdict, reason_ = _is_effect_identified(effect, scope, structure)
        if verdict is not True:
            return verdict, reason_
    return True, "the graph fixes every part of it"


def _is_effect_identified(
    effect: Effect, scope: Scope, structure: Structure
) -> tuple[bool | None, str]:
    outcomes = effect.outcomes - effect.treatments
    given = effect.given - effect.treatments
    shown = _text(effect)
    for name in sorted(effect.treatments | outcomes | given):
        if not scope.variables[name].role.is_observed:
            return None, f"`{name}` is unobserved, and only the whole model fixes it"
    if outcomes & given:
        return None, f"`{min(outcomes & given)}` is asked and given at once"
    if not outcomes:
        return True, "it is fixed by the intervention itself"
    verdict = is_identified(
        structure.graph, None, sorted(effect.treatments), sorted(outcomes), sorted(given)
    )
    if verdict is None:
        return None, "the graph is too large for a verdict"
    if verdict:
        return True, f"`{shown}` follows from what is observed"
    return False, f"`{shown}` does not follow from what is observed"


def _text(effect: Effect) -> str:
    behind = [f"do({name})" for name in sorted(effect.treatments)] + sorted(effect.given)
    bar = f" | {', '.join(behind)}" if behind else ""
    return f"P({', '.join(sorted(effect.outcomes))}{bar})"


def _expectations(expression: nodes.Expression) -> Iterator[nodes.Expectation]:
    return (item for item in walk(expression) if isinstance(item, nodes.Expectation))


def _effects_of(expectation: nodes.Expectation, scope: Scope) -> Iterator[Effect]:
    """Yield the effects that E, P or Q is made of; a mean of a sum is a sum of means."""
    parts = expectation.body
    if expectation.kind == "E" and len(parts) == 1:
        parts = tuple(_summands(parts[0]))
        for part in parts:
            yield _effect((part,), expectation.facts, scope)
    else:
        yield _effect(parts, expectation.facts, scope)


def _summands(expression: nodes.Expression) -> Iterator[nodes.Expression]:
    match expression:
        case nodes.Binary(op="+" | "-", left=left, right=right):
            yield from _summands(left)
            yield from _summands(right)
        case nodes.Unary(operand=inner):
            yield from _summands(inner)
        case nodes.Binary(op="*", left=nodes.Number(), right=inner):
            yield from _summands(inner)
        case nodes.Binary(op="*" | "/", left=inner, right=nodes.Number()):
            yield from _summands(inner)
        case _:
            yield expression


World = tuple[tuple[str, str], ...]


def _effect(
    body: tuple[nodes.Expression, ...], facts: tuple[nodes.Expression, ...], scope: Scope
) -> Effect:
    asked = [item for part in body for item in _values(part, scope)]
    known = [item for part in facts for item in _values(part, scope)]
    worlds = {world for _, world in asked} or {()}
    if len(worlds) > 1:
        raise BeyondGraphError("it joins two worlds")
    world = next(iter(worlds))
    if any(other != world for _, other in known):
        raise BeyondGraphError("it conditions on facts of another world")
    return Effect(
        treatments=frozenset(name for name, _ in world),
        outcomes=frozenset(name for name, _ in asked),
        given=frozenset(name for name, _ in known),
    )


def _values(expression: nodes.Expression, scope: Scope) -> Iterator[tuple[str, World]]:
    """Yield the variables that an expression reads, each with its world's settings."""
    if isinstance(expression, nodes.World) and isinstance(expression.base, nodes.Name):
        yield expression.base.name, _world(expression)
    elif isinstance(expression, nodes.Name):
        if expression.name in scope.variables:
            yield expression.name, ()
    else:
        for child in children(expression):
            yield from _values(child, scope)


def _world(world: nodes.World) -> World:
    settings: list[tuple[str, str]] = []
    for assignment in world.assignments:
        name = assignment.target.name
        if assignment.along:
            raise BeyondGraphError("it follows single paths")
        if assignment.kind == "draw" or not _is_constant(assignment.value):
            is_own = isinstance(assignment.value, nodes.Name) and is_flip(
                name, assignment.value.name
            )
            what = "every other level than the row's own" if is_own else "a value of the row's own"
            raise BeyondGraphError(f"it sets `{name}` to {what}")
        settings.append((name, assignment.value.span.text))
    return tuple(sorted(settings))


def _is_constant(value: nodes.Expression) -> bool:
    return isinstance(value, nodes.Text) or not any(
        isinstance(item, nodes.Name | nodes.World) for item in walk(value)
    )
