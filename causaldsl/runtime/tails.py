"""Both tails of the quantile families, as logarithms, and the way back from a logit.

A quantile noise is stored as the logit of its uniform, ``log F - log S``: one real number that
keeps full precision next to 0 and next to 1. Everything here works on numpy arrays of float64.
Where a probability underflows, series in logarithms take over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

Array = npt.NDArray[np.float64]

_UNDERFLOW = 1e-290
_FAR = 650.0  # a logit beyond this has a tail probability that scipy's inverses cannot hold
_TERMS = 20_000


def log_gamma_tails(shape: Array, x: Array) -> tuple[Array, Array]:
    """Return log F and log S of a Gamma with rate 1."""
    shape, x = np.broadcast_arrays(shape, x)
    return (
        _log_or(special.gammainc(shape, x), _log_gamma_lower, shape, x),
        _log_or(special.gammaincc(shape, x), _log_gamma_upper, shape, x),
    )


def gamma_quantile(shape: Array, logit: Array) -> Array:
    """Return the value of a Gamma with rate 1 whose log odds of F are `logit`."""
    shape, logit = np.broadcast_arrays(shape, logit)
    low, high = special.expit(logit), special.expit(-logit)
    x = np.where(logit <= 0, special.gammaincinv(shape, low), special.gammainccinv(shape, high))
    far = np.abs(logit) > _FAR
    if far.any():
        x[far] = np.exp(_invert(lambda t, a: log_gamma_tails(a, np.exp(t)), logit[far], shape[far]))
    return np.asarray(np.maximum(x, np.finfo(np.float64).tiny), dtype=np.float64)


def log_beta_tails(a: Array, b: Array, x: Array) -> tuple[Array, Array]:
    """Return log F and log S of a Beta."""
    a, b, x = np.broadcast_arrays(a, b, x)
    return (
        _log_or(special.betainc(a, b, x), _log_beta_lower, a, b, x),
        _log_or(special.betaincc(a, b, x), _log_beta_upper, a, b, x),
    )


def beta_quantile(a: Array, b: Array, logit: Array) -> Array:
    """Return the value of a Beta whose log odds of F are `logit`, kept inside (0, 1)."""
    a, b, logit = np.broadcast_arrays(a, b, logit)
    x = np.where(
        logit <= 0,
        special.betaincinv(a, b, special.expit(logit)),
        special.betainccinv(a, b, special.expit(-logit)),
    )
    far = np.abs(logit) > _FAR
    if far.any():
        x[far] = special.expit(
            _invert(
                lambda t, p, q: log_beta_tails(p, q, special.expit(t)), logit[far], a[far], b[far]
            )
        )
    inside = np.clip(x, np.finfo(np.float64).tiny, 1 - np.finfo(np.float64).epsneg)
    return np.asarray(inside, dtype=np.float64)


def _log_or(probability: Array, series: Callable[..., Array], *args: Array) -> Array:
    """Return the logarithm, from `series` where the probability has underflowed."""
    with np.errstate(divide="ignore"):
        result: Array = np.log(probability)
    tiny = probability < _UNDERFLOW
    if tiny.any():
        with np.errstate(divide="ignore", over="ignore", invalid="ignore", under="ignore"):
            result[tiny] = series(*(arg[tiny] for arg in args))
    return result


def _ascending(ratio: Callable[[int], Array]) -> Array:
    """Return log of ``1 + r(1) + r(1) r(2) + ...`` for ratios of successive terms."""
    term = np.ones_like(ratio(1))
    total = np.ones_like(term)
    for n in range(1, _TERMS):
        term = term * ratio(n)
        total += term
        if np.all(term <= 1e-17 * total):
            break
    return np.log(total)


def _log_gamma_lower(shape: Array, x: Array) -> Array:
    head = shape * np.log(x) - x - special.gammaln(shape + 1)
    return np.where(x > 0, head + _ascending(lambda n: x / (shape + n)), -np.inf)


def _log_gamma_upper(shape: Array, x: Array) -> Array:
    """Legendre's continued fraction by the modified Lentz method, for x above the mean."""
    b = x + 1 - shape
    c = np.full_like(x, 1e300)
    d = 1 / b
    h = d.copy()
    for n in range(1, _TERMS):
        coefficient = -n * (n - shape)
        b = b + 2
        d = 1 / (coefficient * d + b)
        c = b + coefficient / c
        h *= c * d
        if np.all(np.abs(c * d - 1) < 1e-15):
            break
    result = shape * np.log(x) - x - special.gammaln(shape) + np.log(h)
    return np.where(np.isfinite(x), result, -np.inf)


def _log_beta_lower(a: Array, b: Array, x: Array) -> Array:
    head = a * np.log(x) + b * np.log1p(-x) - np.log(a) - special.betaln(a, b)
    return np.where(x > 0, head + _ascending(lambda n: x * (a + b + n - 1) / (a + n)), -np.inf)


def _log_beta_upper(a: Array, b: Array, x: Array) -> Array:
    return _log_beta_lower(b, a, 1 - x)


def _invert(tails: Callable[..., tuple[Array, Array]], logit: Array, *args: Array) -> Array:
    """Return the coordinate where log F - log S is `logit`, by bisection on the real line."""

    def below(t: Array) -> Any:  # noqa: ANN401 (a boolean array)
        log_f, log_s = tails(t, *args)
        return log_f - log_s < logit

    low, high = np.full_like(logit, -700.0), np.full_like(logit, 700.0)
    for _ in range(80):
        middle = (low + high) / 2
        under = below(middle)
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return (low + high) / 2
