"""Newton's method for the mode of many small log densities at once, one for each row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

#: log density ``(n,)`` at points ``(n, m)`` of the rows with the given positions ``(n,)``.
RowDensity = Callable[[Tensor, Tensor], Tensor]

_ITERATIONS = 100
_HALVINGS = 40
_DONE = 1e-10  # Newton decrement: twice the distance to the maximum of the local parabola


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """Mode ``(N, m)``, log density there, minus its Hessian as ``vectors diag(curve) vectors'``."""

    mode: Tensor = field(repr=False)
    value: Tensor = field(repr=False)
    curve: Tensor = field(repr=False)
    vectors: Tensor = field(repr=False)
    converged: Tensor = field(repr=False)


def find_peaks(density: RowDensity, start: Tensor) -> Peak:
    """Return the peak of every row, from `start` ``(N, m)``, by damped Newton steps.

    Directions of the wrong curvature are turned uphill; a step is halved until it climbs. Rows
    that are done leave the computation.
    """
    mode = start.clone()
    rows = torch.arange(len(start))
    converged = torch.zeros(len(start), dtype=torch.bool)
    for _ in range(_ITERATIONS):
        x = mode[rows]
        value, gradient, curve, vectors = _second_order(density, x, rows)
        inner = torch.einsum("nij,ni->nj", vectors, gradient) / _uphill(curve)
        step = torch.einsum("nij,nj->ni", vectors, inner)
        gain = (gradient * step).sum(-1)
        done = (gain < _DONE * (1 + value.abs() * 1e-3)) & (curve > 0).all(-1)
        converged[rows[done]] = True
        moving = ~done & torch.isfinite(gain)
        if not moving.any():  # nothing left to climb
            break
        rows = rows[moving]
        x, climbed = _climb(density, x[moving], step[moving], value[moving], gain[moving], rows)
        mode[rows] = x
        # no step climbs: the gain is below rounding, or the top is a kink, as a Laplace's
        converged[rows[~climbed]] = True
        rows = rows[climbed]
    value, _, curve, vectors = _second_order(density, mode, torch.arange(len(start)))
    return Peak(mode=mode, value=value, curve=_uphill(curve), vectors=vectors, converged=converged)


def _uphill(curve: Tensor) -> Tensor:
    """Return curvatures made positive, none far smaller than the row's largest."""
    size = curve.abs()
    return torch.maximum(size, 1e-8 * size.amax(-1, keepdim=True)).clamp(min=1e-12)


def _climb(
    density: RowDensity, x: Tensor, step: Tensor, value: Tensor, gain: Tensor, rows: Tensor
) -> tuple[Tensor, Tensor]:
    """Return points that are higher, and which rows found one (Armijo's rule)."""
    best, found = x.clone(), torch.zeros(len(x), dtype=torch.bool)
    length = 1.0
    for _ in range(_HALVINGS):
        left = ~found
        with torch.no_grad():
            tried = x[left] + length * step[left]
            height = density(tried, rows[left])
        ok = height >= value[left] + 1e-4 * length * gain[left]
        place = left.nonzero().squeeze(-1)[ok]
        best[place] = tried[ok]
        found[place] = True
        if found.all():
            break
        length /= 2
    return best, found


def _second_order(
    density: RowDensity, x: Tensor, rows: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return value, gradient, and the eigenvalues and vectors of minus the Hessian, by row."""
    with torch.enable_grad():
        point = x.detach().requires_grad_()
        value = density(point, rows)
        (gradient,) = torch.autograd.grad(value.sum(), point, create_graph=True)
        hessian = torch.stack([_row_gradient(gradient[:, i], point) for i in range(x.shape[1])], -1)
    hessian = (hessian + hessian.mT) / 2
    hessian = torch.where(torch.isfinite(hessian), hessian, torch.zeros(()).double())
    curve, vectors = torch.linalg.eigh(-hessian)
    return value.detach(), torch.nan_to_num(gradient.detach(), 0.0, 0.0, 0.0), curve, vectors


def _row_gradient(column: Tensor, point: Tensor) -> Tensor:
    if column.grad_fn is None:  # the gradient is constant
        return torch.zeros_like(point)
    parts: tuple[Tensor | None, ...] = torch.autograd.grad(
        column.sum(), point, retain_graph=True, allow_unused=True
    )
    return torch.zeros_like(point) if parts[0] is None else parts[0].detach()
