"""The quantile coupling of counts: Poisson, Binomial and negative Binomial.

The three share ``p(k) / p(k - 1) = slope + rise / k`` (Panjer 1981), so that one recursion sums
their distribution functions. It serves the bulk; the far upper tail, where ``1 - F`` loses its
digits, and large counts go through incomplete gamma and beta functions instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import special

from causaldsl.runtime.tails import Array, log_beta_tails, log_gamma_tails

Mask = npt.NDArray[np.bool_]

_BLOCK = 1 << 15  # values worked on at once: a block of every array fits into the cache
_STEPS = 400
_VAST = 2.0**50  # counts that float64 no longer tells apart: a mean above it is not searched
_SURE = 15.0  # a logit below this leaves 1 - F nine digits or more


@dataclass(frozen=True, slots=True, kw_only=True)
class CountLaw:
    """A law of counts. The arrays have one shape; `tails` takes (k, law) to (log F, log S)."""

    slope: Array
    rise: Array
    log_zero: Array
    mean: Array
    sd: Array
    first: Array
    second: Array
    tails: Callable[[Array, CountLaw], tuple[Array, Array]]

    def at(self, index: slice | Mask) -> Self:
        """Return the law at some of the places."""
        arrays = {f.name: getattr(self, f.name)[index] for f in fields(self) if f.name != "tails"}
        return type(self)(**arrays, tails=self.tails)


def poisson(rate: Array) -> CountLaw:
    """Return the law of a Poisson."""
    return CountLaw(
        slope=np.zeros_like(rate),
        rise=rate,
        log_zero=-rate,
        mean=rate,
        sd=np.sqrt(rate),
        first=rate,
        second=rate,
        tails=_poisson_tails,
    )


def binomial(trials: Array, logits: Array) -> CountLaw:
    """Return the law of a Binomial."""
    p, q = special.expit(logits), special.expit(-logits)
    odds = np.exp(np.clip(logits, -700, 700))
    return CountLaw(
        slope=-odds,
        rise=(trials + 1) * odds,
        log_zero=trials * special.log_expit(-logits),
        mean=trials * p,
        sd=np.sqrt(trials * p * q),
        first=trials,
        second=logits,
        tails=_binomial_tails,
    )


def negative_binomial(size: Array, logits: Array) -> CountLaw:
    """Return the law of the number of successes (log odds `logits`) before `size` failures."""
    p, q = special.expit(logits), special.expit(-logits)
    return CountLaw(
        slope=p,
        rise=(size - 1) * p,
        log_zero=size * special.log_expit(-logits),
        mean=size * p / q,
        sd=np.sqrt(size * p) / q,
        first=size,
        second=logits,
        tails=_negative_binomial_tails,
    )


def outer_tails(law: CountLaw, value: Array) -> tuple[Array, Array]:
    """Return log F(value - 1) and log S(value): what lies on both sides of an observed count."""
    log_f, log_s = np.empty_like(value), np.empty_like(value)
    for start in range(0, value.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        log_f[part], log_s[part] = _outer_tails(law.at(part), value[part])
    return log_f, log_s


def quantile(law: CountLaw, logit: Array) -> Array:
    """Return the smallest count whose F reaches the uniform with this logit."""
    result = np.empty_like(logit)
    for start in range(0, logit.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        result[part] = _quantile(law.at(part), logit[part])
    return result


def _outer_tails(law: CountLaw, value: Array) -> tuple[Array, Array]:
    """Sum the block's distribution functions step by step; do what is left exactly.

    Sorted by value, what is still open at a step is the end of the block.
    """
    log_f, log_s = np.empty_like(value), np.empty_like(value)
    rough = (value >= _STEPS) | (law.log_zero < -600)
    order = np.argsort(np.where(rough, -1.0, value), kind="stable")
    sorted_value = np.where(rough, -1.0, value)[order]
    slope, rise = law.slope[order], law.rise[order]
    pmf, below = np.exp(law.log_zero[order]), np.zeros_like(value)
    for k in range(1, int(sorted_value[-1]) + 1):
        start = int(np.searchsorted(sorted_value, k))
        below[start:] += pmf[start:]
        pmf[start:] *= slope[start:] + rise[start:] / k
    above = 1 - below - pmf
    with np.errstate(divide="ignore", invalid="ignore"):
        log_f[order], log_s[order] = np.log(below), np.log(above)
    rough[order] |= above < 1e-4
    if rough.any():
        some = law.at(rough)
        log_f[rough] = law.tails(value[rough] - 1, some)[0]
        log_s[rough] = law.tails(value[rough], some)[1]
    return log_f, log_s


def _quantile(law: CountLaw, logit: Array) -> Array:
    """Walk up from 0 until F reaches the uniform; search where that is long or inexact."""
    result = np.zeros_like(logit)
    vast = ~(law.mean < _VAST)
    result[vast] = _normal_guess(law.at(vast), logit[vast])
    rough = ~vast & ((logit > _SURE) | (logit < -600) | (law.log_zero < -600))
    places = np.flatnonzero(~rough & ~vast)
    uniform = special.expit(logit[places])
    slope, rise, pmf = law.slope[places], law.rise[places], np.exp(law.log_zero[places])
    total, steps = pmf.copy(), np.zeros(len(places))
    for k in range(1, _STEPS + 1):
        open_ = total < uniform
        if k % 4 == 1:  # drop what has arrived; not at every step, since dropping copies
            left = np.count_nonzero(open_)
            if left < 0.8 * len(places):
                result[places] = steps
                places, uniform, total, steps = (a[open_] for a in (places, uniform, total, steps))
                slope, rise, pmf, open_ = (a[open_] for a in (slope, rise, pmf, open_))
            if left == 0:
                break
        steps += open_
        pmf *= slope + rise / k
        total += pmf
    result[places] = steps
    rough[places[total < uniform]] = True
    if rough.any():
        result[rough] = _search(law.at(rough), logit[rough])
    return result


def _normal_guess(law: CountLaw, logit: Array) -> Array:
    z = special.ndtri(special.expit(np.clip(logit, -30, 30)))
    guess: Array = np.maximum(np.floor(law.mean + law.sd * z), 0.0)
    return guess


def _search(law: CountLaw, logit: Array) -> Array:
    """Return quantiles by galloping out from the normal guess, then bisecting."""

    def reached(k: Array) -> Mask:
        log_f, log_s = law.tails(k, law)
        enough: Mask = log_f - log_s >= logit
        return enough

    guess = _normal_guess(law, logit)
    low, high, step = guess - 2.0, guess + 1.0, 2.0
    while not (done := reached(high)).all():
        low, high = np.where(done, low, high), np.where(done, high, high + step)
        step *= 2
    step = 2.0
    while (over := (low >= 0) & reached(np.maximum(low, 0.0))).any():
        low, high = np.where(over, low - step, low), np.where(over, low, high)
        step *= 2
    low = np.maximum(low, -1.0)
    while (wide := high - low > 1).any():
        middle = np.floor((low + high) / 2)
        ok = reached(np.maximum(middle, 0.0)) & (middle >= 0)
        high = np.where(wide & ok, middle, high)
        low = np.where(wide & ~ok, middle, low)
    return np.asarray(high, dtype=np.float64)


def _poisson_tails(k: Array, law: CountLaw) -> tuple[Array, Array]:
    log_s, log_f = log_gamma_tails(np.maximum(k + 1, 1e-9), law.first)
    return _below_zero(k, log_f, log_s)


def _binomial_tails(k: Array, law: CountLaw) -> tuple[Array, Array]:
    inside = np.clip(k, 0, np.maximum(law.first - 1, 0))
    p = special.expit(law.second)
    log_s, log_f = log_beta_tails(inside + 1, np.maximum(law.first - inside, 1e-9), p)
    whole = k >= law.first
    return _below_zero(k, np.where(whole, 0.0, log_f), np.where(whole, -np.inf, log_s))


def _negative_binomial_tails(k: Array, law: CountLaw) -> tuple[Array, Array]:
    log_f, log_s = log_beta_tails(law.first, np.maximum(k + 1, 1e-9), special.expit(-law.second))
    return _below_zero(k, log_f, log_s)


def _below_zero(k: Array, log_f: Array, log_s: Array) -> tuple[Array, Array]:
    return np.where(k < 0, -np.inf, log_f), np.where(k < 0, 0.0, log_s)
