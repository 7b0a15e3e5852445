"""The maps between values and noise, one pair or more for each family.

Those that abduct take the distribution, the value, a generator and the shape of drawn noise;
those that apply take the distribution and the noise. `Law` is any torch or Pyro distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyro.distributions as pd
import torch
import torch.distributions as td
from scipy import special
from torch import Tensor

from causaldsl.runtime import counts, tails

Law = Any
Shape = tuple[int, ...]

_EDGE = 1e-12  # share of a discrete value's interval kept clear at both ends, against rounding


def joint_shape(*shapes: Shape) -> Shape:
    """Return the broadcast shape."""
    return tuple(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]


def joined(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Return tensors of one shape."""
    return tuple(torch.broadcast_tensors(*tensors))  # type: ignore[no-untyped-call]


def _array(*tensors: Tensor | float) -> tuple[Any, ...]:
    """Return float64 numpy arrays of one shape."""
    full = joined(*(torch.as_tensor(t).detach().double() for t in tensors))
    return tuple(t.numpy() for t in full)


def _uniform(shape: Shape, generator: torch.Generator) -> Tensor:
    """Return uniforms strictly between 0 and 1."""
    draws = torch.rand(shape, generator=generator, dtype=torch.float64)
    return draws.clamp_(2.0**-54, 1 - 2.0**-53)


def _gumbel(shape: Shape, generator: torch.Generator) -> Tensor:
    return -torch.log(-torch.log(_uniform(shape, generator)))


# --- location and scale ---------------------------------------------------------------------


def _location_scale(dist: Law) -> tuple[Tensor, Tensor]:
    if isinstance(dist, td.Uniform):
        return dist.low, dist.high - dist.low
    return dist.loc, dist.scale


def abduct_residual(dist: Law, value: Tensor, generator: torch.Generator, shape: Shape) -> Tensor:
    """Return the noise behind a value: residual."""
    loc, scale = _location_scale(dist)
    return (value - loc) / scale


def apply_residual(dist: Law, noise: Tensor) -> Tensor:
    """Return the value that noise gives: residual."""
    loc, scale = _location_scale(dist)
    return loc + scale * noise


def abduct_log_residual(
    dist: Law, value: Tensor, generator: torch.Generator, shape: Shape
) -> Tensor:
    """Return the noise behind a value: log residual."""
    return abduct_residual(dist, value.log(), generator, shape)


def apply_log_residual(dist: Law, noise: Tensor) -> Tensor:
    """Return the value that noise gives: log residual."""
    return apply_residual(dist, noise).exp()


def draw_normal(dist: Law, shape: Shape, generator: torch.Generator) -> Tensor:
    """Return fresh noise of the normal kind."""
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def draw_laplace(dist: Law, shape: Shape, generator: torch.Generator) -> Tensor:
    """Return fresh noise of the laplace kind."""
    size, sign = _uniform(shape, generator), _uniform(shape, generator) < 0.5
    return torch.where(sign, size.log(), -size.log())


def draw_student(dist: Law, shape: Shape, generator: torch.Generator) -> Tensor:
    """Return fresh noise of the student kind."""
    # Bailey 1994, the polar method: exact for every number of degrees of freedom
    radius = _uniform(shape, generator)
    angle = torch.cos(2 * torch.pi * _uniform(shape, generator))
    return torch.sqrt(dist.df * torch.expm1(-2 / dist.df * radius.log())) * angle


def draw_unit(dist: Law, shape: Shape, generator: torch.Generator) -> Tensor:
    """Return fresh noise of the unit kind."""
    return _uniform(shape, generator)


# --- quantiles: the noise is the logit of a uniform ------------------------------------------


def draw_logistic(dist: Law, shape: Shape, generator: torch.Generator) -> Tensor:
    """Return fresh noise of the logistic kind."""
    return torch.logit(_uniform(shape, generator))


def abduct_exponential(
    dist: Law, value: Tensor, generator: torch.Generator, shape: Shape
) -> Tensor:
    """Return the noise behind a value: exponential."""
    hazard = dist.rate * value
    return torch.as_tensor(torch.log(-torch.expm1(-hazard)) + hazard)


def apply_exponential(dist: Law, noise: Tensor) -> Tensor:
    """Return the value that noise gives: exponential."""
    # softplus written out: torch's own turns linear beyond a threshold
    return torch.as_tensor(torch.logaddexp(noise, torch.zeros_like(noise)) / dist.rate)


def abduct_gamma(dist: Law, value: Tensor, generator: torch.Generator, shape: Shape) -> Tensor:
    """Return the noise behind a value: gamma."""
    log_f, log_s = tails.log_gamma_tails(*_array(dist.concentration, dist.rate * value))
    return torch.as_tensor(log_f - log_s)


def apply_gamma(dist: Law, noise: Tensor) -> Tensor:
    """Return the value that noise gives: gamma."""
    unit = torch.as_tensor(tails.gamma_quantile(*_array(dist.concentration, noise)))
    return torch.as_tensor(unit / dist.rate)


def abduct_inverse_gamma(
    dist: Law, value: Tensor, generator: torch.Generator, shape: Shape
) -> Tensor:
    """Return the noise behind a value: inverse gamma."""
    return -abduct_gamma(td.Gamma(dist.concentration, dist.rate), 1 / value, generator, shape)


def apply_inverse_gamma(dist: Law, noise: Tensor) -> Tensor:
    """Return the value that noise gives: inverse gamma."""
    return 1 / apply_gamma(td.Gamma(dist.concentration, dist.rate), -noise)


def abduct_half_normal(
    dist: Law, value: Tensor, generator: torch.Generator, shape: Shape
) -> Tensor:
    """Return the noise behind a value: half normal."""
    z = value / dist.scale
    log_s = torch.special.log_ndtr(-z) + np.log(2.0)
    return torch.as_tensor(torch.log(torch.erf(z / np.sqrt(2.0))) - log_s)


def apply_half_normal(dist: Law, noise: Tensor) -> Tensor:
    """Return the value that noise gives: half normal."""
    (logit,) = _array(noise)
    low = np.sqrt(2.0) * special.erfinv(special.expit(np.minimum(logit, 0.0)))
    high = -special.ndtri_exp(special.log_expit(-np.maximum(logit, 0.0)) - np.log(2.0))
    return torch.as_tensor(dist.scale * torch.as_tensor(np.where(logit <= 0, low, high)))


def abduct_half_cauchy(
    dist: Law, value: Tensor, generator: torch.Generator, shape: Shape
) -> Tensor:
    """Return the noise behind a value: half cauchy."""
    return torch.log(torch.atan(value / dist.scale)) - torch.log(torch.atan(dist.scale / value))


def apply_half_cauchy(dist: Law, noise: Tensor) -> Tensor:
    """Return the value that noise gives: half cauchy."""
    tangent = torch.tan(torch.pi / 2 * torch.sigmoid(-noise.abs()))
    return torch.as_tensor(dist.scale * torch.where(noise <= 0, tangent, 1 / tangent))


def abduct_beta(dist: Law, value: Tensor, generator: torch.Generator, shape: Shape) -> Tensor:
    """Return the noise behind a value: beta."""
    log_f, log_s = tails.log_beta_tails(*_array(dist.concentration1, dist.concentration0, value))
    return torch.as_tensor(log_f - log_s)


def apply_beta(dist: Law, noise: Tensor) -> Tensor:
    """Return the value that noise gives: beta."""
    return torch.as_tensor(
        tails.beta_quantile(*_array(dist.concentration1, dist.concentration0, noise))
    )


def _logit_between(
    log_below: Tensor,
    log_mass: Tensor,
    log_above: Tensor,
    generator: torch.Generator,
    shape: Shape,
) -> Tensor:
    """Return the logit of a uniform in ``(F(v - 1), F(v)]``, exact in both tails.

    Both log F and log S of the drawn uniform are sums of positive parts, so neither cancels.
    """
    share = _uniform(shape, generator).clamp(_EDGE, 1 - _EDGE)
    log_f = torch.logaddexp(log_below, log_mass + share.log())
    log_s = torch.logaddexp(log_above, log_mass + torch.log1p(-share))
    return log_f - log_s


def bernoulli_logits(dist: Law) -> Tensor:
    """Return the log odds of 1, infinite where a probability is 0 or 1."""
    if "probs" in dist.__dict__:
        return torch.log(dist.probs) - torch.log1p(-dist.probs)
    return torch.as_tensor(dist.logits)


def abduct_bernoulli(dist: Law, value: Tensor, generator: torch.Generator, shape: Shape) -> Tensor:
    """Return the noise behind a value: bernoulli."""
    logits, value = joined(bernoulli_logits(dist), value)
    log_zero, log_one = _log_sigmoid(-logits), _log_sigmoid(logits)
    one, nothing = value > 0.5, torch.full_like(log_zero, -torch.inf)
    return _logit_between(
        torch.where(one, log_zero, nothing),
        torch.where(one, log_one, log_zero),
        torch.where(one, nothing, log_one),
        generator,
        shape,
    )


def apply_bernoulli(dist: Law, noise: Tensor) -> Tensor:
    """Return the value that noise gives: bernoulli."""
    return (noise > -bernoulli_logits(dist)).double()


def draw_pixel(dist: Law, shape: Shape, generator: torch.Generator) -> Tensor:
    """Return the noise of pixels that nothing was seen of: a pixel drawn afresh is its mean."""
    return torch.full((*shape, 2), 0.5, dtype=torch.float64)


def abduct_pixel(dist: Law, value: Tensor, generator: torch.Generator, shape: Shape) -> Tensor:
    """Return the noise behind a grey value: the value, and the mean that it had.

    A grey value v is taken as the share of ones among coins of mean m. Each coin is on where its
    uniform lies above 1 - m: given v the uniforms have density v / m there and (1 - v) / (1 - m)
    below.
    """
    return torch.stack(joined(value.double(), torch.sigmoid(bernoulli_logits(dist))), -1)


def apply_pixel(dist: Law, noise: Tensor) -> Tensor:
    """Return the grey value that noise gives: the share of the same coins that are on now.

    What the quantile coupling of a Bernoulli comes to on average, so that a pixel whose mean is
    the same keeps its value, whatever the mean was.
    """
    value, before = noise.unbind(-1)
    mean = torch.sigmoid(bernoulli_logits(dist))
    value, before, mean = joined(value, before, mean)
    darker = value * mean / before
    lighter = value + (1 - value) * (mean - before) / (1 - before)
    changed = torch.where(mean < before, darker, lighter).clamp(0.0, 1.0)
    return torch.where(mean == before, value, changed)


def _log_sigmoid(x: Tensor) -> Tensor:
    return -torch.logaddexp(-x, torch.zeros_like(x))


def _count_law(dist: Law, *others: Tensor) -> tuple[counts.CountLaw, list[Any], torch.Size]:
    """Return the law of a count, flat, with the other tensors and the shape they all share."""
    make: Callable[..., counts.CountLaw] = counts.negative_binomial
    raw: tuple[Tensor, ...]
    if isinstance(dist, td.Poisson):
        make, raw = counts.poisson, (dist.rate,)
    elif isinstance(dist, td.Binomial):
        make, raw = counts.binomial, (dist.total_count, bernoulli_logits(dist))
    elif isinstance(dist, pd.GammaPoisson):
        raw = (dist.concentration, -dist.rate.log())
    else:
        raw = (dist.total_count, bernoulli_logits(dist))
    full = _array(*raw, *others)
    flat = [np.ascontiguousarray(a).reshape(-1) for a in full]
    return make(*flat[: len(raw)]), flat[len(raw) :], torch.Size(full[0].shape)


def abduct_count(dist: Law, value: Tensor, generator: torch.Generator, shape: Shape) -> Tensor:
    """Return the noise behind a value: count."""
    law, (flat,), full = _count_law(dist, value)
    log_below, log_above = (torch.as_tensor(t).reshape(full) for t in counts.outer_tails(law, flat))
    return _logit_between(log_below, dist.log_prob(value), log_above, generator, shape)


def apply_count(dist: Law, noise: Tensor) -> Tensor:
    """Return the value that noise gives: count."""
    law, (flat,), shape = _count_law(dist, noise)
    return torch.as_tensor(counts.quantile(law, flat)).reshape(shape)


def abduct_ordered(dist: Law, value: Tensor, generator: torch.Generator, shape: Shape) -> Tensor:
    """Return the noise behind a value: ordered."""
    low, high = _ordered_edges(dist, value)
    return _logit_between(
        _log_sigmoid(low), _log_logistic_mass(low, high), _log_sigmoid(-high), generator, shape
    )


def _ordered_edges(dist: Law, value: Tensor) -> tuple[Tensor, Tensor]:
    """Return the logits of F on both sides of a level."""
    steps = dist.cutpoints - dist.predictor.unsqueeze(-1)  # (*batch, K - 1): logits of F
    edge = torch.full_like(steps[..., :1], torch.inf)
    steps = torch.cat([-edge, steps, edge], -1)
    steps = steps.expand(*joint_shape(value.shape, steps.shape[:-1]), -1)
    place = value.expand(steps.shape[:-1]).unsqueeze(-1).long()
    return steps.gather(-1, place).squeeze(-1), steps.gather(-1, place + 1).squeeze(-1)


def log_ordered_mass(dist: Law, value: Tensor) -> Tensor:
    """Return the log probability of a level, exact in both tails."""
    return _log_logistic_mass(*_ordered_edges(dist, value))


def _log_logistic_mass(low: Tensor, high: Tensor) -> Tensor:
    """Return ``log(sigmoid(high) - sigmoid(low))`` without cancellation."""
    return _log_sigmoid(high) + _log_sigmoid(-low) + torch.log(-torch.expm1(low - high))


def apply_ordered(dist: Law, noise: Tensor) -> Tensor:
    """Return the value that noise gives: ordered."""
    steps = dist.cutpoints - dist.predictor.unsqueeze(-1)
    return torch.as_tensor((noise.unsqueeze(-1) > steps).sum(-1))


# --- levels: a Gumbel for each ---------------------------------------------------------------


def categorical_logits(dist: Law) -> Tensor:
    """Return log probabilities up to a constant, minus infinity where a level is impossible."""
    return dist.probs.log() if "probs" in dist.__dict__ else torch.as_tensor(dist.logits)


def draw_gumbel(dist: Law, shape: Shape, generator: torch.Generator) -> Tensor:
    """Return fresh noise of the gumbel kind."""
    return _gumbel((*shape, categorical_logits(dist).shape[-1]), generator)


def abduct_gumbel(dist: Law, value: Tensor, generator: torch.Generator, shape: Shape) -> Tensor:
    """Draw Gumbels given their argmax, top down (Maddison and Tarlow 2014; Oberst and Sontag 2019).

    The largest of ``logits + U`` is a Gumbel at ``logsumexp(logits)``, whichever level it is at;
    the others are Gumbels cut off below it.
    """
    logits = categorical_logits(dist)
    logits = logits.expand(*shape, logits.shape[-1])
    best = value.expand(shape).unsqueeze(-1).long()
    top = torch.logsumexp(logits, -1, keepdim=True) + _gumbel((*shape, 1), generator)
    free = _gumbel(tuple(logits.shape), generator)
    cut = -torch.logaddexp(-top, -(logits + free))
    cut = torch.minimum(cut, top - 1e-12 * (1 + top.abs()))  # no tie by rounding
    noise = torch.where(torch.isinf(logits), free, cut - logits)
    return noise.scatter(-1, best, top - logits.gather(-1, best))


def apply_gumbel(dist: Law, noise: Tensor) -> Tensor:
    """Return the value that noise gives: gumbel."""
    return (categorical_logits(dist) + noise).argmax(-1)


def refuse(*_: object) -> Tensor:
    """Refuse a family that no variable has."""
    raise TypeError("a Dirichlet is for parameters only: no variable has this noise")
