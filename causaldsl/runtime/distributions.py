"""The noise of each family: how a value's own noise is drawn, abducted and applied.

A noise is one tensor. Location-scale families (and the LogNormal on the log scale) hold the
standardised residual; quantile families hold the logit of the uniform, which keeps its digits in
both tails; a Categorical holds a Gumbel for each level, on a trailing axis. Which rows keep
their factual value is decided in `forward`, by comparing worlds.
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
        Factual values, ``(N,)`` or ``(S, N)``, broadcast against the distribution.
    coupling
        ``independent`` forgets the fact and draws anew; any other word keeps the family's own.
    generator
        For the noise of discrete families, which a value does not determine.
    shape
        The shape ``(S, N)`` of the noise where it is drawn, the broadcast one when not given.
        What a value determines has one draw where the value has one.

    Returns
    -------
    Tensor
        The noise; a Categorical's has a trailing axis of levels.
    """
    wanted = shape or tuple(joint_shape(value.shape, dist.batch_shape))
    noise = family_of(dist)
    if coupling == "independent":
        return noise.draw(dist, wanted, generator)
    return noise.abduct(dist, value, generator, wanted)


def apply_noise(dist: Law, noise: Tensor) -> Tensor:
    """Return the value that `noise` gives under `dist`: float64, or int64 for levels."""
    return family_of(dist).apply(dist, noise)


def draw_noise(dist: Law, shape: Shape, generator: torch.Generator) -> Tensor:
    """Return fresh noise for a value of the given shape."""
    return family_of(dist).draw(dist, shape, generator)


def is_possible(dist: Law, value: Tensor) -> Tensor:
    """Return where `value` is finite, inside the support and of positive density."""
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
    """Return log p(value), which torch rounds up where a probability is 0 or next to it."""
    if isinstance(dist, pd.OrderedLogistic):
        return maps.log_ordered_mass(dist, value)
    logs = torch.as_tensor(dist.log_prob(value))
    if isinstance(dist, td.Bernoulli | td.Binomial | td.Categorical):
        return torch.where(is_possible(dist, value), logs, torch.full_like(logs, -torch.inf))
    return logs


def family_name(dist: Law) -> str:
    """Return the name that the language gives to a distribution's family."""
    for kind, name in _NAMES:
        if isinstance(dist, kind):
            return name
    raise TypeError(f"no noise is known for {type(dist).__name__}")


def family_of(dist: Law) -> FamilyNoise:
    """Return the noise of a distribution's family."""
    return FAMILY_NOISE[family_name(dist)]


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
