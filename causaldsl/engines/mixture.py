"""Gaussian proposals, one for each joint value of a block's unseen levels.

A component is a mean and a square root of its precision, on unconstrained coordinates, with the
logarithm of the evidence's probability under it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log, pi

import torch
from torch import Tensor

from causaldsl.engines.discrete import pick
from causaldsl.engines.importance import finite_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaussian:
    """``x = mean + spread @ z``: mean ``(N, m)``, spread ``(N or 1, m, r)``, evidence ``(N,)``.

    Where the spread is square, ``log_det`` ``(N or 1,)`` is the logarithm of its determinant.
    """

    mean: Tensor = field(repr=False)
    spread: Tensor = field(repr=False)
    log_det: Tensor = field(repr=False)
    log_evidence: Tensor = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Coordinates ``(S, N, m)``, the picked component ``(S, N)`` and log q ``(S, N)``."""

    x: Tensor = field(repr=False)
    picked: Tensor = field(repr=False)
    log_q: Tensor = field(repr=False)


def draw(
    parts: list[Gaussian], draws: int, generator: torch.Generator, *, freedom: float | None = None
) -> Drawn:
    """Return draws from the mixture whose shares are the components' evidence.

    With `freedom`, the components are Student t with so many degrees of freedom, whose heavier
    tails keep importance weights bounded.
    """
    n, m = parts[0].mean.shape
    evidence = finite_weights(torch.stack([p.log_evidence for p in parts]))  # (C, N)
    nowhere = (evidence == -torch.inf).all(0)  # their weights will refuse them
    log_shares = torch.log_softmax(torch.where(nowhere, torch.zeros_like(evidence), evidence), 0)
    if len(parts) == 1:
        picked = torch.zeros((draws, n), dtype=torch.long)
    else:
        picked = pick(log_shares, draws, generator)
        order = torch.rand(picked.shape, generator=generator, dtype=torch.float64).argsort(0)
        picked = picked.gather(0, order)
    rank = parts[0].spread.shape[-1]
    z = torch.randn((draws, n, rank), generator=generator, dtype=torch.float64)
    stretch = torch.ones((draws, n), dtype=torch.float64)
    if freedom is not None:
        halves = torch.full((draws, n), freedom / 2, dtype=torch.float64)
        chi2 = 2 * torch._standard_gamma(halves, generator=generator)
        stretch = torch.sqrt(freedom / chi2)
    z = z * stretch.unsqueeze(-1)
    log_q = log_shares.gather(0, picked) + _log_standard(z, freedom)
    x = torch.zeros((draws, n, m), dtype=torch.float64)
    for index, part in enumerate(parts):
        moved = part.mean + torch.einsum("nmr,snr->snm", part.spread.expand(n, m, rank), z)
        here = picked == index
        x = torch.where(here.unsqueeze(-1), moved, x)
        log_q = torch.where(here, log_q - part.log_det, log_q)
    return Drawn(x=x, picked=picked, log_q=log_q)


def _log_standard(z: Tensor, freedom: float | None) -> Tensor:
    """Return the log density of standard normal or Student t vectors, ``(S, N)``."""
    m, square = z.shape[-1], z.square().sum(-1)
    if freedom is None:
        return -0.5 * (square + m * log(2 * pi))
    half = torch.tensor(freedom / 2, dtype=torch.float64)
    constant = torch.lgamma(half + m / 2) - torch.lgamma(half) - m / 2 * log(freedom * pi)
    return constant - (freedom + m) / 2 * torch.log1p(square / freedom)
