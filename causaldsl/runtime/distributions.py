"""The noise of each family: how a value's own noise is drawn, abducted and applied.

A noise is one tensor. Location-scale families (and the LogNormal on the log scale) hold the
standardised residual; quantile families hold the logit of the uniform, which keeps its digits in
both tails; a Categorical holds a Gumbel for each level, on a trailing axis. Which rows keep
their factual value is decided in `forward`, by comparing worlds.

The cells of an array and the pixels of an image are independent given their parents: each has
noise of its own, of its family, on axes behind those of the draws and rows. What is asked of a
row (its density, whether it is possible) is asked of all its cells together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyro.distributions as pd
import torch
import torch.distributions as td
from torch import Tensor

from causaldsl.runtime import noise_maps as maps
from causaldsl.runtime.noise_maps import Law, Shape, joint_shape
from causaldsl.vocabulary.distributions import FAMILIES

Build = Callable[..., Law]
Abduct = Callable[[Law, Tensor, torch.Generator, Shape], Tensor]
Apply = Callable[[Law, Tensor], Tensor]
Draw = Callable[[Law, Shape, torch.Generator], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyNoise:
    """A family's noise: its coupling's name and the three maps, each of a distribution.

    `build` makes the distribution from textbook parameters.
    """

    coupling: str
    build: Build
    abduct: Abduct
    apply: Apply
    draw: Draw


def abduct_noise(
    dist: Law,
    value: Tensor,
    coupling: str,
    generator: torch.Generator,
    shape: Shape | None = None,
) -> Tensor:
    """Return the noise that gives `value` under `dist`: inverted, or drawn given the value.

    Parameters
    ----------
    dist
        What the variable's mechanism returned in the factual world.
    value
        Factual values, ``(N, *event)`` or ``(S, N, *event)``, broadcast against the distribution.
    coupling
        ``independent`` forgets the fact and draws anew; any other word keeps the family's own.
    generator
        For the noise of discrete families, which a value does not determine.
    shape
        The shape ``(S, N)`` of the rows whose noise is drawn, the broadcast one when not given.
        What a value determines has one draw where the value has one.

    Returns
    -------
    Tensor
        The noise, ``(S, N, *event)``; a Categorical's has a trailing axis of levels.
    """
    cell, axes = cell_of(dist)
    wanted = joint_shape(value.shape, cell.batch_shape)
    if shape is not None:
        wanted = (*shape, *_event(cell, axes))
    noise = family_of(dist)
    if coupling == "independent":
        return noise.draw(cell, wanted, generator)
    return noise.abduct(cell, value, generator, wanted)


def apply_noise(dist: Law, noise: Tensor) -> Tensor:
    """Return the value that `noise` gives under `dist`: float64, or int64 for levels."""
    return family_of(dist).apply(cell_of(dist)[0], noise)


def draw_noise(dist: Law, shape: Shape, generator: torch.Generator) -> Tensor:
    """Return fresh noise for rows of the given shape, in every cell of each."""
    cell, axes = cell_of(dist)
    return family_of(dist).draw(cell, (*shape, *_event(cell, axes)), generator)


def cell_of(dist: Law) -> tuple[Law, int]:
    """Return the law of one cell, and how many trailing axes of cells a row's value has."""
    axes = 0
    while isinstance(dist, td.Independent):
        axes += dist.reinterpreted_batch_ndims
        dist = dist.base_dist
    return dist, axes


def _event(cell: Law, axes: int) -> Shape:
    return tuple(cell.batch_shape[len(cell.batch_shape) - axes :])


def is_possible(dist: Law, value: Tensor) -> Tensor:
    """Return the rows whose value is finite, inside the support and of positive density."""
    cell, axes = cell_of(dist)
    if _is_pixel(cell, axes):
        possible = torch.isfinite(value) & (value >= 0) & (value <= 1)
    else:
        possible = _is_possible(cell, value)
    return possible.flatten(-axes).all(-1) if axes else possible


def _is_possible(dist: Law, value: Tensor) -> Tensor:
    inside = torch.isfinite(value.double()) & dist.support.check(value)
    safe = torch.where(inside, value, _some_value(dist, value))
    if isinstance(dist, td.Bernoulli):  # torch rounds a probability of 0 up
        logits = maps.bernoulli_logits(dist)
        possible = torch.where(safe > 0.5, logits, -logits) > -torch.inf
        return torch.as_tensor(inside & possible)
    if family_name(dist) == "Categorical":
        logits = maps.categorical_logits(dist)
        logits = logits.expand(*joint_shape(safe.shape, logits.shape[:-1]), -1)
        places = safe.expand(logits.shape[:-1]).unsqueeze(-1).long()
        return torch.as_tensor(inside & (logits.gather(-1, places).squeeze(-1) > -torch.inf))
    if isinstance(dist, td.Binomial):
        logits = maps.bernoulli_logits(dist)
        possible = ((safe == 0) | (logits > -torch.inf)) & (
            (safe == dist.total_count) | (logits < torch.inf)
        )
        return torch.as_tensor(inside & possible)
    return torch.as_tensor(inside & torch.isfinite(dist.log_prob(safe)))


def log_density(dist: Law, value: Tensor) -> Tensor:
    """Return log p(value) of each row, the sum over its cells.

    Torch rounds up where a probability is 0 or next to it; here it is what it is. A pixel's is
    its cross entropy, as in the ELBO (no density, since grey values are no outcomes of a coin).
    """
    cell, axes = cell_of(dist)
    if _is_pixel(cell, axes):
        logs = torch.as_tensor(cell.log_prob(value))
    else:
        logs = _log_density(cell, value)
    return logs.flatten(-axes).sum(-1) if axes else logs


def _log_density(dist: Law, value: Tensor) -> Tensor:
    if isinstance(dist, pd.OrderedLogistic):
        return maps.log_ordered_mass(dist, value)
    logs = torch.as_tensor(dist.log_prob(value))
    if isinstance(dist, td.Bernoulli | td.Binomial | td.Categorical):
        return torch.where(_is_possible(dist, value), logs, torch.full_like(logs, -torch.inf))
    return logs


def family_name(dist: Law) -> str:
    """Return the name that the language gives to the family of a distribution, or of its cells."""
    dist, _ = cell_of(dist)
    for kind, name in _NAMES:
        if isinstance(dist, kind):
            return name
    raise TypeError(f"no noise is known for {type(dist).__name__}")


def family_of(dist: Law) -> FamilyNoise:
    """Return the noise of a distribution's family, of a cell's for arrays and images."""
    return PIXEL_NOISE if _is_pixel(*cell_of(dist)) else FAMILY_NOISE[family_name(dist)]


def _is_pixel(cell: Law, axes: int) -> bool:
    """Whether a cell is a pixel, whose grey value is a probability; only images have three axes."""
    return axes == _IMAGE_AXES and isinstance(cell, td.Bernoulli)


def build_family(name: str, arguments: Mapping[str, Tensor]) -> Law:
    """Return a family's distribution from its textbook parameters by name."""
    return FAMILY_NOISE[name].build(*(arguments[p.name] for p in FAMILIES[name].parameters))


def _some_value(dist: Law, value: Tensor) -> Tensor:
    """Return a value inside the support of every row, to stand where the given one is not."""
    lower = getattr(dist.support, "lower_bound", 0.0)
    upper = getattr(dist.support, "upper_bound", None)
    middle = torch.as_tensor(lower if upper is None else (lower + upper) / 2, dtype=torch.float64)
    if not torch.is_floating_point(value):
        return torch.zeros_like(value)
    continuous = upper is not None and not dist.support.is_discrete
    return middle if continuous else torch.ones_like(value)


# --- the table -------------------------------------------------------------------------------


def _row(coupling: str, build: Build, abduct: Abduct, apply: Apply, draw: Draw) -> FamilyNoise:
    return FamilyNoise(coupling=coupling, build=build, abduct=abduct, apply=apply, draw=draw)


def _shifted(build: Build, draw: Draw) -> FamilyNoise:
    return _row("additive", build, maps.abduct_residual, maps.apply_residual, draw)


def _quantile(build: Build, abduct: Abduct, apply: Apply) -> FamilyNoise:
    return _row("quantile", build, abduct, apply, maps.draw_logistic)


def _mean_dispersion(mean: Tensor, dispersion: Tensor) -> Law:
    return pd.GammaPoisson(dispersion, dispersion / mean)


#: The noise of each family, by the name the language gives it.
FAMILY_NOISE: dict[str, FamilyNoise] = {
    "Normal": _shifted(td.Normal, maps.draw_normal),
    "Laplace": _shifted(td.Laplace, maps.draw_laplace),
    "StudentT": _shifted(td.StudentT, maps.draw_student),
    "Uniform": _shifted(td.Uniform, maps.draw_unit),
    "LogNormal": _row(
        "additive",
        td.LogNormal,
        maps.abduct_log_residual,
        maps.apply_log_residual,
        maps.draw_normal,
    ),
    "Exponential": _quantile(td.Exponential, maps.abduct_exponential, maps.apply_exponential),
    "Gamma": _quantile(td.Gamma, maps.abduct_gamma, maps.apply_gamma),
    "InverseGamma": _quantile(td.InverseGamma, maps.abduct_inverse_gamma, maps.apply_inverse_gamma),
    "HalfNormal": _quantile(td.HalfNormal, maps.abduct_half_normal, maps.apply_half_normal),
    "HalfCauchy": _quantile(td.HalfCauchy, maps.abduct_half_cauchy, maps.apply_half_cauchy),
    "Beta": _quantile(td.Beta, maps.abduct_beta, maps.apply_beta),
    "Bernoulli": _quantile(td.Bernoulli, maps.abduct_bernoulli, maps.apply_bernoulli),
    "Binomial": _quantile(td.Binomial, maps.abduct_count, maps.apply_count),
    "Poisson": _quantile(td.Poisson, maps.abduct_count, maps.apply_count),
    "NegativeBinomial": _quantile(_mean_dispersion, maps.abduct_count, maps.apply_count),
    "Categorical": _row(
        "gumbel", td.Categorical, maps.abduct_gumbel, maps.apply_gumbel, maps.draw_gumbel
    ),
    "OrderedLogit": _quantile(pd.OrderedLogistic, maps.abduct_ordered, maps.apply_ordered),
    "Dirichlet": _row("none", td.Dirichlet, maps.refuse, maps.refuse, maps.refuse),
}

#: The noise of the pixels of an image that is drawn as Bernoulli.
PIXEL_NOISE = _row("quantile", td.Bernoulli, maps.abduct_pixel, maps.apply_pixel, maps.draw_pixel)
_IMAGE_AXES = 3

#: Which class belongs to which family; a subclass stands before its base.
_NAMES: tuple[tuple[Any, str], ...] = (
    (pd.OrderedLogistic, "OrderedLogit"),
    (pd.GammaPoisson, "NegativeBinomial"),
    (td.HalfNormal, "HalfNormal"),
    (td.HalfCauchy, "HalfCauchy"),
    (td.LogNormal, "LogNormal"),
    (td.InverseGamma, "InverseGamma"),
    (pd.InverseGamma, "InverseGamma"),
    (td.Normal, "Normal"),
    (td.Laplace, "Laplace"),
    (td.StudentT, "StudentT"),
    (td.Uniform, "Uniform"),
    (td.Exponential, "Exponential"),
    (td.Gamma, "Gamma"),
    (td.Beta, "Beta"),
    (td.Bernoulli, "Bernoulli"),
    (td.Binomial, "Binomial"),
    (td.Poisson, "Poisson"),
    (td.NegativeBinomial, "NegativeBinomial"),
    (td.Categorical, "Categorical"),
    (td.Dirichlet, "Dirichlet"),
)
