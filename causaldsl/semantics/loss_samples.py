"""Samples in a loss: no variable twice, as many columns on both sides, nothing against itself."""

from __future__ import annotations

from math import prod

from causaldsl.semantics import objective_errors
from causaldsl.semantics.loss_shapes import shape_of_variable
from causaldsl.semantics.scope import Scope
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import Categorical, Ordered

#: A variable as a sample holds it: its name, and whether it is drawn anew.
Column = tuple[str, bool]


def columns_of(sample: nodes.Expression, scope: Scope) -> dict[Column, nodes.Expression] | None:
    """Return the variables of a resolved sample and where each stands, reporting one held twice.

    The result is `None` where something was reported, and for a form that is not compiled.
    """
    found: dict[Column, nodes.Expression] = {}
    for block in sample.items if isinstance(sample, nodes.TupleOf) else (sample,):
        is_fresh = isinstance(block, nodes.Call) and block.name == "sampled"
        for item in block.inputs if isinstance(block, nodes.Call) and is_fresh else (block,):
            if not isinstance(item, nodes.Name) or item.name not in scope.variables:
                return None
            if any((item.name, fresh) in found for fresh in (True, False)):
                scope.findings.add(objective_errors.held_twice(item.name, item.span))
                return None
            found[item.name, is_fresh] = item
    return found


def check_samples(
    call: nodes.Call, samples: tuple[nodes.Expression, ...], scope: Scope, *, apart: bool
) -> None:
    """Report samples that a term cannot compare.

    `apart` says that the term asks whether they depend on each other, so that no variable may
    stand in two; otherwise two samples are compared column by column.
    """
    blocks = [columns_of(sample, scope) for sample in samples]
    known = [block for block in blocks if block is not None]
    if len(known) < len(blocks):
        return
    if apart:
        _check_overlap(call, known, scope)
    elif len(known) == 2:
        _check_widths(call, (known[0], known[1]), samples, scope)


def _check_overlap(
    call: nodes.Call, blocks: list[dict[Column, nodes.Expression]], scope: Scope
) -> None:
    seen: set[Column] = set()
    for block in blocks:
        for column, item in block.items():
            if column in seen:
                reason = f"is given `{column[0]}` in two samples, expected each variable in one"
                finding = objective_errors.wrong_inputs(call.name, reason, item.span)
                scope.findings.add(finding)
                return
        seen |= block.keys()


def _check_widths(
    call: nodes.Call,
    blocks: tuple[dict[Column, nodes.Expression], dict[Column, nodes.Expression]],
    samples: tuple[nodes.Expression, ...],
    scope: Scope,
) -> None:
    left, right = ([name for name, _ in block] for block in blocks)
    is_grouped = isinstance(call.inputs[0], nodes.By)  # each group against all of them
    if list(blocks[0]) == list(blocks[1]) and not is_grouped:
        reason = "compares a sample to itself, expected two that can differ"
        scope.findings.add(objective_errors.wrong_inputs(call.name, reason, samples[1].span))
        return
    widths = (_width(left, scope), _width(right, scope))
    if widths[0] != widths[1]:
        finding = objective_errors.widths_differ(
            call.name, (samples[0].span, widths[0]), (samples[1].span, widths[1])
        )
        scope.findings.add(finding)


def _width(names: list[str], scope: Scope) -> int:
    """Return how many columns variables have side by side: a variable of levels one for each."""
    total = 0
    for name in names:
        domain = scope.variables[name].domain
        levels = len(domain.levels) if isinstance(domain, Categorical | Ordered) else 1
        total += prod(shape_of_variable(name, scope)) * levels
    return total
