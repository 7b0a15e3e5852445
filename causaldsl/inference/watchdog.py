"""Finds out what broke: which part, which parameter, which rows, when a number is not finite.

It runs only after something has broken, repeats the broken step with the same draws, and halves
the batch until the rows that break on their own are left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pyro
import torch
from torch import Tensor

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.inference import findings
from causaldsl.inference.targets import Batch, Losses, Target

_MOST_ROWS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The step that broke: its batch, where it stands, and the random state it began with."""

    batch: Batch
    epoch: int
    step: int
    steps: int
    random_state: Tensor
    row_ids: Tensor
    kept: str = ""


def diagnose(target: Target, broken: Broken) -> Diagnostic:
    """Return the finding that names the part, the parameter, the batch and the rows."""
    losses = _repeat(target, broken, broken.batch)
    where = f"in epoch {broken.epoch + 1}"
    if broken.steps > 1:
        where += f", batch {broken.step + 1} of {broken.steps}"
    where += f", {_while(target.stage)}"
    part = _first_not_finite(losses.parts) or _first_not_finite(losses.terms)
    parameter = _broken_parameter(_whole(losses))
    if part is not None or not torch.isfinite(losses.total):
        rows = _rows(broken, lambda batch: _is_finite(target, broken, batch))
        where += f" (parameter `{parameter}`)" if parameter else ""
        return findings.loss_not_finite(part or "total", where, rows, broken.kept)
    rows = _rows(broken, lambda batch: _has_finite_gradient(target, broken, batch))
    if parameter is None:  # each number is finite, and their squares are not
        return findings.gradient_not_finite(None, None, where, rows, broken.kept)
    part = _part_behind(_repeat(target, broken, broken.batch), parameter)
    return findings.gradient_not_finite(parameter, part, where, rows, broken.kept)


def _while(stage: str) -> str:
    """Return what went on in a stage of a fit, as `targets` and `convergence` name them."""
    of, _, probe = stage.partition(", ")
    if stage.startswith("floor of "):
        return f"while the {stage} was looked for"
    done = "the model was fitted" if of == "model" else f"the guide `{of}` was trained"
    return f"in the steps tried after {done}" if probe else f"while {done}"


def _whole(losses: Losses) -> Tensor:
    """Return what is taken back to gradients: the model's loss and every player's."""
    return sum(losses.players.values(), losses.total)


def _repeat(target: Target, broken: Broken, batch: Batch) -> Losses:
    torch.set_rng_state(broken.random_state)
    return target.evaluate(batch, broken.epoch)


def _first_not_finite(shares: Mapping[str, Tensor]) -> str | None:
    return next((name for name, v in shares.items() if not torch.isfinite(v).all()), None)


def _learned() -> Iterator[tuple[str, Tensor]]:
    for name, value in pyro.get_param_store().named_parameters():
        if value.requires_grad:
            yield name, value


def _broken_parameter(total: Tensor) -> str | None:
    """Return a parameter that is not finite itself, else one whose gradient is not."""
    for name, value in _learned():
        if not torch.isfinite(value).all():
            return name
    return next((name for name, gradient in _gradients(total) if not _finite(gradient)), None)


def _gradients(total: Tensor) -> list[tuple[str, Tensor | None]]:
    names, values = zip(*_learned(), strict=True)
    if not total.requires_grad:
        return []
    found = torch.autograd.grad(total, values, allow_unused=True, retain_graph=True)
    return list(zip(names, found, strict=True))


def _finite(gradient: Tensor | None) -> bool:
    return gradient is None or bool(torch.isfinite(gradient).all())


def _part_behind(losses: Losses, parameter: str) -> str:
    for shares in (losses.parts, losses.terms):
        for name, share in shares.items():
            if not all(_finite(g) for n, g in _gradients(share) if n == parameter):
                return name
    return "total"


def _is_finite(target: Target, broken: Broken, batch: Batch) -> bool:
    with torch.no_grad():
        losses = _repeat(target, broken, batch)
    return bool(torch.isfinite(losses.total))


def _has_finite_gradient(target: Target, broken: Broken, batch: Batch) -> bool:
    return all(_finite(g) for _, g in _gradients(_whole(_repeat(target, broken, batch))))


def _rows(broken: Broken, is_sound: Callable[[Batch], bool]) -> list[int]:
    """Return up to five rows of the user's table that break alone; none when every row does."""
    size = len(broken.batch["__row__"])
    found: list[int] = []
    todo = [torch.arange(size)]
    while todo and len(found) < _MOST_ROWS:
        rows = todo.pop()
        if is_sound({name: values[rows] for name, values in broken.batch.items()}):
            continue
        if len(rows) == 1:
            found.append(int(rows))
            continue
        half = len(rows) // 2
        todo += [rows[half:], rows[:half]]
    if len(found) == min(size, _MOST_ROWS) and found == list(range(len(found))) and size > 1:
        return []  # the first rows one after the other: no row is to blame
    return [int(broken.row_ids[broken.batch["__row__"][row]]) for row in found]
