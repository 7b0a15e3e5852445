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

import numpy as np
import pyro.distributions as pd
import torch
import torch.distributions as td
from scipy import special
from torch import Tensor

from causaldsl.runtime import counts, tails
from causaldsl.vocabulary.distributions import FAMILIES

_EDGE = 1e-12  # share of a discrete value's interval kept clear at both ends, against rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyNoise:
    """A family's noise: its coupling's name and the three maps, each of a distribution.

    `abduct` takes (distribution, value, generator), `apply` (distribution, noise), and `draw`
    (distribution, shape, generator); `build` makes the distribution from textbook parameters.
    """

    coupling: str
    build: Callable[..., Any]
    abduct: Callable[[Any, Tensor, torch.Generator], Tensor]
    apply: Callable[[Any, Tensor], Tensor]
    draw: Callable[[Any, tuple[int, ...], torch.Generator], Tensor]


def abduct_noise(
    dist: Any,  # noqa: ANN401 (a torch or Pyro distribution)
    value: Tensor,
    coupling: str,
    generator: torch.Generator,
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

    Returns
    -------
    Tensor
        The noise, broadcast shape of the two; a Categorical's has a trailing axis of levels.
    """
    shape = torch.broadcast_shapes(value.shape, dist.batch_shape)
    noise = family_of(dist)
    if coupling == "independent":
        return noise.draw(dist, tuple(shape), generator)
    return noise.abduct(dist, value, generator)


def apply_noise(dist: Any, noise: Tensor) -> Tensor:  # noqa: ANN401 (a torch or Pyro distribution)
    """Return the value that `noise` gives under `dist`: float64, or int64 for levels."""
    return family_of(dist).apply(dist, noise)


def draw_noise(dist: Any, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:  # noqa: ANN401
    """Return fresh noise for a value of the given shape."""
    return family_of(dist).draw(dist, shape, generator)


def is_possible(dist: Any, value: Tensor) -> Tensor:  # noqa: ANN401 (a torch or Pyro distribution)
    """Return where `value` is finite, inside the support and of positive density."""
    inside = torch.isfinite(value.double()) & dist.support.check(value)
    safe = torch.where(inside, value, _some_value(dist, value))
    if isinstance(dist, td.Bernoulli):  # torch rounds a probability of 0 up
        logits = bernoulli_logits(dist)
        return inside & (torch.where(safe > 0.5, logits, -logits) > -torch.inf)
    if family_name(dist) == "Categorical":
        logits = categorical_logits(dist)
        logits = logits.expand(*torch.broadcast_shapes(safe.shape, logits.shape[:-1]), -1)
        places = safe.expand(logits.shape[:-1]).unsqueeze(-1).long()
        return inside & (logits.gather(-1, places).squeeze(-1) > -torch.inf)
    return inside & torch.isfinite(dist.log_prob(safe))


def family_name(dist: Any) -> str:  # noqa: ANN401 (a torch or Pyro distribution)
    """Return the name that the language gives to a distribution's family."""
    for kind, name in _NAMES:
        if isinstance(dist, kind):
            return name
    raise TypeError(f"no noise is known for {type(dist).__name__}")


def family_of(dist: Any) -> FamilyNoise:  # noqa: ANN401 (a torch or Pyro distribution)
    """Return the noise of a distribution's family."""
    return FAMILY_NOISE[family_name(dist)]


def build_family(name: str, arguments: Mapping[str, Tensor]) -> Any:  # noqa: ANN401
    """Return a family's distribution from its textbook parameters by name."""
    return FAMILY_NOISE[name].build(*(arguments[p.name] for p in FAMILIES[name].parameters))


def _some_value(dist: Any, value: Tensor) -> Tensor:  # noqa: ANN401
    """Return a value inside the support of every row, to stand where the given one is not."""
    lower = getattr(dist.support, "lower_bound", 0.0)
    upper = getattr(dist.support, "upper_bound", None)
    middle = torch.as_tensor(lower if upper is None else (lower + upper) / 2, dtype=torch.float64)
    if not torch.is_floating_point(value):
        return torch.zeros_like(value)
    continuous = upper is not None and not dist.support.is_discrete
    return middle if continuous else torch.ones_like(value)


def _array(*tensors: Tensor | float) -> tuple[Any, ...]:
    """Return float64 numpy arrays of one shape."""
    full = torch.broadcast_tensors(*(torch.as_tensor(t).detach().double() for t in tensors))
    return tuple(t.numpy() for t in full)


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Return uniforms strictly between 0 and 1."""
    draws = torch.rand(shape, generator=generator, dtype=torch.float64)
    return draws.clamp_(2.0**-54, 1 - 2.0**-53)


def _gumbel(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return -torch.log(-torch.log(_uniform(shape, generator)))


# --- location and scale ---------------------------------------------------------------------


def _location_scale(dist: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    if isinstance(dist, td.Uniform):
        return dist.low, dist.high - dist.low
    return dist.loc, dist.scale


def _abduct_residual(dist: Any, value: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ANN401, ARG001
    loc, scale = _location_scale(dist)
    return (value - loc) / scale


def _apply_residual(dist: Any, noise: Tensor) -> Tensor:  # noqa: ANN401
    loc, scale = _location_scale(dist)
    return loc + scale * noise


def _abduct_log_residual(dist: Any, value: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ANN401
    return _abduct_residual(dist, value.log(), generator)


def _apply_log_residual(dist: Any, noise: Tensor) -> Tensor:  # noqa: ANN401
    return _apply_residual(dist, noise).exp()


def _draw_normal(dist: Any, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:  # noqa: ANN401, ARG001
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _draw_laplace(dist: Any, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:  # noqa: ANN401, ARG001
    size, sign = _uniform(shape, generator), _uniform(shape, generator) < 0.5
    return torch.where(sign, size.log(), -size.log())


def _draw_student(dist: Any, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:  # noqa: ANN401
    # Bailey 1994, the polar method: exact for every number of degrees of freedom
    radius = _uniform(shape, generator)
    angle = torch.cos(2 * torch.pi * _uniform(shape, generator))
    return torch.sqrt(dist.df * torch.expm1(-2 / dist.df * radius.log())) * angle


def _draw_unit(dist: Any, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:  # noqa: ANN401, ARG001
    return _uniform(shape, generator)


# --- quantiles: the noise is the logit of a uniform ------------------------------------------


def _draw_logistic(dist: Any, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:  # noqa: ANN401, ARG001
    return torch.logit(_uniform(shape, generator))


def _logit_exponential(dist: Any, value: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ANN401, ARG001
    hazard = dist.rate * value
    return torch.log(-torch.expm1(-hazard)) + hazard


def _exponential(dist: Any, noise: Tensor) -> Tensor:  # noqa: ANN401
    # softplus written out: torch's own turns linear beyond a threshold
    return torch.logaddexp(noise, torch.zeros_like(noise)) / dist.rate


def _logit_gamma(dist: Any, value: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ANN401, ARG001
    log_f, log_s = tails.log_gamma_tails(*_array(dist.concentration, dist.rate * value))
    return torch.as_tensor(log_f - log_s)


def _gamma(dist: Any, noise: Tensor) -> Tensor:  # noqa: ANN401
    return torch.as_tensor(tails.gamma_quantile(*_array(dist.concentration, noise))) / dist.rate


def _logit_inverse_gamma(dist: Any, value: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ANN401
    return -_logit_gamma(td.Gamma(dist.concentration, dist.rate), 1 / value, generator)


def _inverse_gamma(dist: Any, noise: Tensor) -> Tensor:  # noqa: ANN401
    return 1 / _gamma(td.Gamma(dist.concentration, dist.rate), -noise)


def _logit_half_normal(dist: Any, value: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ANN401, ARG001
    z = value / dist.scale
    log_s = torch.special.log_ndtr(-z) + np.log(2.0)
    return torch.log(torch.erf(z / np.sqrt(2.0))) - log_s


def _half_normal(dist: Any, noise: Tensor) -> Tensor:  # noqa: ANN401
    (logit,) = _array(noise)
    low = np.sqrt(2.0) * special.erfinv(special.expit(np.minimum(logit, 0.0)))
    high = -special.ndtri_exp(special.log_expit(-np.maximum(logit, 0.0)) - np.log(2.0))
    return dist.scale * torch.as_tensor(np.where(logit <= 0, low, high))


def _logit_half_cauchy(dist: Any, value: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ANN401, ARG001
    return torch.log(torch.atan(value / dist.scale)) - torch.log(torch.atan(dist.scale / value))


def _half_cauchy(dist: Any, noise: Tensor) -> Tensor:  # noqa: ANN401
    tangent = torch.tan(torch.pi / 2 * torch.sigmoid(-noise.abs()))
    return dist.scale * torch.where(noise <= 0, tangent, 1 / tangent)


def _logit_beta(dist: Any, value: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ANN401, ARG001
    log_f, log_s = tails.log_beta_tails(
        *_array(dist.concentration1, dist.concentration0, value)
    )
    return torch.as_tensor(log_f - log_s)


def _beta(dist: Any, noise: Tensor) -> Tensor:  # noqa: ANN401
    return torch.as_tensor(
        tails.beta_quantile(*_array(dist.concentration1, dist.concentration0, noise))
    )


def _logit_between(
    log_below: Tensor, log_mass: Tensor, log_above: Tensor, generator: torch.Generator
) -> Tensor:
    """Return the logit of a uniform in ``(F(v - 1), F(v)]``, exact in both tails.

    Both log F and log S of the drawn uniform are sums of positive parts, so neither cancels.
    """
    share = _uniform(tuple(log_mass.shape), generator).clamp(_EDGE, 1 - _EDGE)
    log_f = torch.logaddexp(log_below, log_mass + share.log())
    log_s = torch.logaddexp(log_above, log_mass + torch.log1p(-share))
    return log_f - log_s


def bernoulli_logits(dist: Any) -> Tensor:  # noqa: ANN401
    """Return the log odds of 1, infinite where a probability is 0 or 1."""
    if "probs" in dist.__dict__:
        return torch.log(dist.probs) - torch.log1p(-dist.probs)
    return torch.as_tensor(dist.logits)


def _abduct_bernoulli(dist: Any, value: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ANN401
    logits, value = torch.broadcast_tensors(bernoulli_logits(dist), value)
    log_zero, log_one = _log_sigmoid(-logits), _log_sigmoid(logits)
    one, nothing = value > 0.5, torch.full_like(log_zero, -torch.inf)
    return _logit_between(
        torch.where(one, log_zero, nothing),
        torch.where(one, log_one, log_zero),
        torch.where(one, nothing, log_one),
        generator,
    )


def _bernoulli(dist: Any, noise: Tensor) -> Tensor:  # noqa: ANN401
    return (noise > -bernoulli_logits(dist)).double()


def _log_sigmoid(x: Tensor) -> Tensor:
    return -torch.logaddexp(-x, torch.zeros_like(x))


def _count_law(dist: Any, *others: Tensor) -> tuple[counts.CountLaw, list[Any], torch.Size]:  # noqa: ANN401
    """Return the law of a count, flat, with the other tensors and the shape they all share."""
    if isinstance(dist, td.Poisson):
        make, raw = counts.poisson, (dist.rate,)
    elif isinstance(dist, td.Binomial):
        make, raw = counts.binomial, (dist.total_count, bernoulli_logits(dist))
    elif isinstance(dist, pd.GammaPoisson):
        make, raw = counts.negative_binomial, (dist.concentration, -dist.rate.log())
    else:
        make, raw = counts.negative_binomial, (dist.total_count, bernoulli_logits(dist))
    full = _array(*raw, *others)
    flat = [np.ascontiguousarray(a).reshape(-1) for a in full]
    return make(*flat[: len(raw)]), flat[len(raw) :], torch.Size(full[0].shape)


def _abduct_count(dist: Any, value: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ANN401
    law, (flat,), shape = _count_law(dist, value)
    log_below, log_above = (torch.as_tensor(t).reshape(shape) for t in counts.outer_tails(law, flat))
    return _logit_between(log_below, dist.log_prob(value).expand(shape), log_above, generator)


def _count(dist: Any, noise: Tensor) -> Tensor:  # noqa: ANN401
    law, (flat,), shape = _count_law(dist, noise)
    return torch.as_tensor(counts.quantile(law, flat)).reshape(shape)


def _abduct_ordered(dist: Any, value: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ANN401
    steps = dist.cutpoints - dist.predictor.unsqueeze(-1)  # (*batch, K - 1): logits of F
    edge = torch.full_like(steps[..., :1], torch.inf)
    steps = torch.cat([-edge, steps, edge], -1)
    steps = steps.expand(*torch.broadcast_shapes(value.shape, steps.shape[:-1]), -1)
    place = value.expand(steps.shape[:-1]).unsqueeze(-1).long()
    low, high = steps.gather(-1, place).squeeze(-1), steps.gather(-1, place + 1).squeeze(-1)
    return _logit_between(
        _log_sigmoid(low), _log_logistic_mass(low, high), _log_sigmoid(-high), generator
    )


def _log_logistic_mass(low: Tensor, high: Tensor) -> Tensor:
    """Return ``log(sigmoid(high) - sigmoid(low))`` without cancellation."""
    return _log_sigmoid(high) + _log_sigmoid(-low) + torch.log(-torch.expm1(low - high))


def _ordered(dist: Any, noise: Tensor) -> Tensor:  # noqa: ANN401
    steps = dist.cutpoints - dist.predictor.unsqueeze(-1)
    return (noise.unsqueeze(-1) > steps).sum(-1)


# --- levels: a Gumbel for each ---------------------------------------------------------------


def categorical_logits(dist: Any) -> Tensor:  # noqa: ANN401
    """Return log probabilities up to a constant, minus infinity where a level is impossible."""
    return dist.probs.log() if "probs" in dist.__dict__ else torch.as_tensor(dist.logits)


def _draw_gumbel(dist: Any, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:  # noqa: ANN401
    return _gumbel((*shape, categorical_logits(dist).shape[-1]), generator)


def _abduct_gumbel(dist: Any, value: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ANN401
    """Draw Gumbels given their argmax, top down (Maddison and Tarlow 2014; Oberst and Sontag 2019).

    The largest of ``logits + U`` is a Gumbel at ``logsumexp(logits)``, whichever level it is at;
    the others are Gumbels cut off below it.
    """
    logits = categorical_logits(dist)
    shape = torch.broadcast_shapes(value.shape, logits.shape[:-1])
    logits = logits.expand(*shape, logits.shape[-1])
    best = value.expand(shape).unsqueeze(-1).long()
    top = torch.logsumexp(logits, -1, keepdim=True) + _gumbel((*shape, 1), generator)
    free = _gumbel(tuple(logits.shape), generator)
    cut = -torch.logaddexp(-top, -(logits + free))
    cut = torch.minimum(cut, top - 1e-12 * (1 + top.abs()))  # no tie by rounding
    noise = torch.where(torch.isinf(logits), free, cut - logits)
    return noise.scatter(-1, best, top - logits.gather(-1, best))


def _argmax(dist: Any, noise: Tensor) -> Tensor:  # noqa: ANN401
    return (categorical_logits(dist) + noise).argmax(-1)


def _refuse(*_: Any) -> Any:  # noqa: ANN401
    raise TypeError("a Dirichlet is for parameters only: no variable has this noise")


# --- the table -------------------------------------------------------------------------------


def _row(coupling: str, build: Any, abduct: Any, apply: Any, draw: Any) -> FamilyNoise:  # noqa: ANN401
    return FamilyNoise(coupling=coupling, build=build, abduct=abduct, apply=apply, draw=draw)


def _shifted(build: Any, draw: Any) -> FamilyNoise:  # noqa: ANN401
    return _row("additive", build, _abduct_residual, _apply_residual, draw)


def _quantile(build: Any, abduct: Any, apply: Any) -> FamilyNoise:  # noqa: ANN401
    return _row("quantile", build, abduct, apply, _draw_logistic)


def _mean_dispersion(mean: Tensor, dispersion: Tensor) -> Any:  # noqa: ANN401
    return pd.GammaPoisson(dispersion, dispersion / mean)


#: The noise of each family, by the name the language gives it.
FAMILY_NOISE: dict[str, FamilyNoise] = {
    "Normal": _shifted(td.Normal, _draw_normal),
    "Laplace": _shifted(td.Laplace, _draw_laplace),
    "StudentT": _shifted(td.StudentT, _draw_student),
    "Uniform": _shifted(td.Uniform, _draw_unit),
    "LogNormal": _row(
        "additive", td.LogNormal, _abduct_log_residual, _apply_log_residual, _draw_normal
    ),
    "Exponential": _quantile(td.Exponential, _logit_exponential, _exponential),
    "Gamma": _quantile(td.Gamma, _logit_gamma, _gamma),
    "InverseGamma": _quantile(td.InverseGamma, _logit_inverse_gamma, _inverse_gamma),
    "HalfNormal": _quantile(td.HalfNormal, _logit_half_normal, _half_normal),
    "HalfCauchy": _quantile(td.HalfCauchy, _logit_half_cauchy, _half_cauchy),
    "Beta": _quantile(td.Beta, _logit_beta, _beta),
    "Bernoulli": _quantile(td.Bernoulli, _abduct_bernoulli, _bernoulli),
    "Binomial": _quantile(td.Binomial, _abduct_count, _count),
    "Poisson": _quantile(td.Poisson, _abduct_count, _count),
    "NegativeBinomial": _quantile(_mean_dispersion, _abduct_count, _count),
    "Categorical": _row("gumbel", td.Categorical, _abduct_gumbel, _argmax, _draw_gumbel),
    "OrderedLogit": _quantile(pd.OrderedLogistic, _abduct_ordered, _ordered),
    "Dirichlet": _row("none", td.Dirichlet, _refuse, _refuse, _refuse),
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
