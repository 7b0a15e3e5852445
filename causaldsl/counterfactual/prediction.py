"""Prediction: the values of another world under the abducted noise, and what draws come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor

from causaldsl.counterfactual.abduction import Abduction
from causaldsl.engines.problem import Problem
from causaldsl.runtime.forward import for_cells, propagate

_IMAGE_AXES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Draws of one variable reduced by row, ``(N, *event)`` each.

    Numbers have mean, standard deviation and the 5 % and 95 % quantiles; levels have the most
    probable level (as `mean`) and its probability. Of an image there is the mean picture and the
    standard deviation of each pixel.
    """

    mean: Tensor = field(repr=False)
    sd: Tensor | None = field(default=None, repr=False)
    q05: Tensor | None = field(default=None, repr=False)
    q95: Tensor | None = field(default=None, repr=False)
    probability: Tensor | None = field(default=None, repr=False)

    @property
    def is_level(self) -> bool:
        """Whether the variable has levels rather than numbers."""
        return self.probability is not None

    def cell(self, index: int) -> Summary:
        """Return the summary ``(N,)`` of one cell of an array."""
        return self._at((slice(None), index))

    def rows(self, index: Tensor) -> Summary:
        """Return the summary of some of the rows."""
        return self._at(index)

    def _at(self, index: Any) -> Summary:  # noqa: ANN401 (whatever indexes a tensor)
        parts: dict[str, Tensor | None] = {f.name: getattr(self, f.name) for f in fields(self)}
        taken: dict[str, Any] = {n: None if v is None else v[index] for n, v in parts.items()}
        return Summary(**taken)


def predict(
    problem: Problem, abducted: Abduction, replaced: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return all values ``(1 or S, N, *event)`` in the world of the replaced mechanisms."""
    return propagate(
        problem.compiled, problem.params, abducted.noise, replaced, factual=abducted.values
    )


def summarise(values: Tensor, weights: Tensor | None, levels: int | None) -> Summary:
    """Return draws ``(1 or S, N, *event)`` reduced by row and cell.

    Parameters
    ----------
    weights
        Normalised importance weights ``(S, N)``; equal ones when not given.
    levels
        The number of levels of a categorical or ordered variable, else `None`.
    """
    axes = values.dim() - 2
    if weights is not None:
        weights = for_cells(weights, axes)
    if levels is not None:
        return _summarise_levels(values, weights, levels)
    if axes == _IMAGE_AXES:
        return _summarise_images(values.double(), weights)
    if values.shape[0] == 1:
        one = values[0].double()
        return Summary(mean=one, sd=torch.zeros_like(one), q05=one, q95=one)
    ordered, order = values.sort(0)
    if weights is None:
        mean = values.mean(0)
        sd = (values - mean).square().mean(0).sqrt()
        q05, q95 = (_equal_quantile(ordered, level) for level in (0.05, 0.95))
    else:
        mean = (weights * values).sum(0)
        sd = (weights * (values - mean).square()).sum(0).sqrt()
        reached = weights.expand(values.shape).gather(0, order).cumsum(0)
        q05, q95 = (_weighted_quantile(ordered, reached, level) for level in (0.05, 0.95))
    # draws that all agree are their mean exactly, as facts are that did not move
    agree = ordered[0] == ordered[-1]
    return Summary(
        mean=torch.where(agree, ordered[0], mean),
        sd=torch.where(agree, torch.zeros_like(sd), sd),
        q05=q05,
        q95=q95,
    )


def _summarise_images(values: Tensor, weights: Tensor | None) -> Summary:
    """Return mean and standard deviation by pixel; sorting every pixel's draws would be slow."""
    if weights is None or values.shape[0] == 1:
        weights = torch.full((), 1 / values.shape[0], dtype=torch.float64)
    mean = (weights * values).sum(0)
    return Summary(mean=mean, sd=(weights * (values - mean).square()).sum(0).sqrt())


def _summarise_levels(values: Tensor, weights: Tensor | None, levels: int) -> Summary:
    shares = level_shares(values, weights, levels)
    probability, best = shares.max(0)
    return Summary(mean=best, probability=probability)


def level_shares(values: Tensor, weights: Tensor | None, levels: int) -> Tensor:
    """Return the share of each level ``(K, N, *event)`` among draws ``(1 or S, N, *event)``.

    Weights have the axes of the draws; equal ones where there are none.
    """
    if values.shape[0] == 1 or weights is None:
        weights = torch.full_like(values, 1 / values.shape[0], dtype=torch.float64)
    return torch.stack([(weights * (values == k)).sum(0) for k in range(levels)])


def _equal_quantile(ordered: Tensor, level: float) -> Tensor:
    """Return a quantile of sorted draws, linear between neighbours."""
    place = level * (ordered.shape[0] - 1)
    low = int(place)
    high = min(low + 1, ordered.shape[0] - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _weighted_quantile(ordered: Tensor, reached: Tensor, level: float) -> Tensor:
    """Return the smallest draw whose cumulative weight reaches `level`."""
    place = (reached < level).sum(0, keepdim=True).clamp(max=ordered.shape[0] - 1)
    return ordered.gather(0, place)[0]
