"""Noise to values: the structural form ``V = f(parents, U)`` of every mechanism, in order.

One pass serves simulation and prediction. A variable whose parents all have their factual
values keeps its own factual value under every coupling, the `independent` one too: its mechanism
has not been touched, so ``do(X = the fact)`` gives the facts back exactly.

An array moves as a whole: where one of its cells does, each gets the value that its own noise
gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, overload

import torch
from torch import Tensor

from causaldsl.runtime.distributions import apply_noise, draw_noise
from causaldsl.runtime.load import CompiledScm, Heads, Values
from causaldsl.runtime.scope import isolated
from causaldsl.vocabulary.domains import Categorical, Ordered

#: What an intervention puts in a mechanism's place: a value, or a value made from the world so far.
Assigned = Tensor | Callable[[Values], Tensor]


def mechanism_output(
    compiled: CompiledScm, params: Values, name: str, values: Values, heads: Heads | None = None
) -> tuple[Any, bool]:
    """Return what a mechanism gives at its parents' values, and whether that is already a value.

    Within a pass that never changes a value, `heads` spares running a shared network twice.
    """
    output = compiled.apply_mechanism(name, params, values, heads)
    if isinstance(output, Tensor):
        return output, True
    if hasattr(output, "v") and type(output).__name__ == "Delta":
        return output.v, True
    return output, False


def encoded(compiled: CompiledScm, name: str, value: Tensor) -> Tensor:
    """Return a value in its variable's encoding: int64 positions for levels, else float64."""
    levels = isinstance(compiled.scm.variables[name].domain, Categorical | Ordered)
    return value.long() if levels else value.double()


def draw_forward(
    compiled: CompiledScm,
    params: Values,
    shape: tuple[int, ...],
    generator: torch.Generator,
    interventions: Mapping[str, Assigned] | None = None,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return values and noise of every variable, drawn from the model in topological order.

    Values are ``(*shape, *event)``.
    """
    given = interventions or {}
    values: dict[str, Tensor] = {}
    noise: dict[str, Tensor] = {}
    heads: Heads = {}
    for name in compiled.mechanisms:
        if name in given:
            values[name] = _assigned(given[name], values).expand(*shape, *compiled.event(name))
            continue
        output, is_value = mechanism_output(compiled, params, name, values, heads)
        if is_value:
            values[name] = encoded(compiled, name, output).expand(*shape, *compiled.event(name))
        else:
            noise[name] = draw_noise(output, shape, generator)
            values[name] = encoded(compiled, name, apply_noise(output, noise[name]))
    return values, noise


@overload
def simulate(
    compiled: CompiledScm,
    params: Values,
    n: int,
    seed: int,
    *,
    do: Mapping[str, Assigned] | None = None,
    return_noise: Literal[False] = False,
) -> dict[str, Tensor]: ...


@overload
def simulate(
    compiled: CompiledScm,
    params: Values,
    n: int,
    seed: int,
    *,
    do: Mapping[str, Assigned] | None = None,
    return_noise: Literal[True],
) -> tuple[dict[str, Tensor], dict[str, Tensor]]: ...


def simulate(
    compiled: CompiledScm,
    params: Values,
    n: int,
    seed: int,
    *,
    do: Mapping[str, Assigned] | None = None,
    return_noise: bool = False,
) -> dict[str, Tensor] | tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return `n` rows drawn from the model, every variable's encoded values ``(N, *event)``.

    Parameters
    ----------
    params
        Constrained parameter values, as the module's ``parameters()`` returns them.
    do
        Values (encoded) that stand in place of mechanisms.
    return_noise
        Also return each mechanism's noise, which `propagate` turns into other worlds.
    """
    with isolated(seed), torch.no_grad():
        generator = torch.Generator().manual_seed(seed)
        values, noise = draw_forward(compiled, params, (n,), generator, do)
    return (values, noise) if return_noise else values


def propagate(
    compiled: CompiledScm,
    params: Values,
    noise: Values,
    interventions: Mapping[str, Assigned],
    *,
    factual: Values | None = None,
) -> dict[str, Tensor]:
    """Return every variable's value in the world of some interventions, under given noise.

    Call it in the library's scope (`isolated`), as the emitted mechanisms need float64.

    Parameters
    ----------
    noise
        The noise of each mechanism that the interventions reach, ``(S or 1, N, *event)``.
    interventions
        What replaces a mechanism: encoded values, or a function of the values before it.
    factual
        Values of the factual world. What differs from them in no parent keeps its fact, row by
        row and draw by draw; without it every mechanism is evaluated.
    """
    values: dict[str, Tensor] = {}
    heads: Heads = {}
    moved: dict[str, Tensor] = {}  # rows whose value is not the fact; a missing name never moved
    for name, parents in compiled.parents.items():
        axes = len(compiled.event(name))
        fact = None if factual is None else factual[name]
        if name in interventions:
            value = encoded(compiled, name, _assigned(interventions[name], values))
        elif fact is not None and not any(p in moved for p in parents):
            values[name] = fact
            continue
        else:
            value = _from_noise(compiled, params, name, values, noise, heads)
            if fact is not None:
                reached = _any_moved([moved[p] for p in parents if p in moved])
                value = torch.where(for_cells(reached, axes), value, fact)
        values[name] = value
        if fact is None:
            moved[name] = torch.ones(()).bool()
        elif bool((differs := any_cell(value != fact, axes)).any()):
            moved[name] = differs
    return values


def any_cell(mask: Tensor, axes: int) -> Tensor:
    """Return the rows ``(S, N)`` in which a mask over cells ``(S, N, *event)`` holds anywhere."""
    return mask.flatten(-axes).any(-1) if axes else mask


def for_cells(rows: Tensor, axes: int) -> Tensor:
    """Return what holds of rows ``(S, N)`` with axes for the cells of each."""
    return rows.reshape(*rows.shape, *(1,) * axes)


def _from_noise(
    compiled: CompiledScm, params: Values, name: str, values: Values, noise: Values, heads: Heads
) -> Tensor:
    output, is_value = mechanism_output(compiled, params, name, values, heads)
    return encoded(compiled, name, output if is_value else apply_noise(output, noise[name]))


def _assigned(what: Assigned, values: Values) -> Tensor:
    return what if isinstance(what, Tensor) else what(values)


def _any_moved(masks: list[Tensor]) -> Tensor:
    result = masks[0]
    for mask in masks[1:]:
        result = result | mask
    return result
