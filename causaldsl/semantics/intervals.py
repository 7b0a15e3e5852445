"""Bounds of numbers: interval arithmetic that proves a value in or out of range.

A bound may be infinite. Where a bound cannot be told the whole line is returned, so that a claim
made from bounds is always true.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

INF = float("inf")


@dataclass(frozen=True, slots=True)
class Interval:
    """The closed interval from `low` to `high`; a single number when they are equal."""

    low: float = -INF
    high: float = INF

    @property
    def is_constant(self) -> bool:
        """Whether it holds one finite number only."""
        return self.low == self.high and math.isfinite(self.low)

    def hull(self, other: Interval) -> Interval:
        """Return the smallest interval that holds both."""
        return Interval(min(self.low, other.low), max(self.high, other.high))


LINE = Interval()


def _of(candidates: list[float]) -> Interval:
    known = [0.0 if math.isnan(c) else c for c in candidates]
    return Interval(min(known), max(known))


def _product(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y


def add(a: Interval, b: Interval) -> Interval:
    """Return the bounds of a sum."""
    return Interval(a.low + b.low, a.high + b.high)


def negate(a: Interval) -> Interval:
    """Return the bounds of minus a value."""
    return Interval(-a.high, -a.low)


def subtract(a: Interval, b: Interval) -> Interval:
    """Return the bounds of a difference."""
    return add(a, negate(b))


def multiply(a: Interval, b: Interval) -> Interval:
    """Return the bounds of a product."""
    return _of([_product(x, y) for x in (a.low, a.high) for y in (b.low, b.high)])


def divide(a: Interval, b: Interval) -> Interval:
    """Return the bounds of a quotient."""
    if b.low < 0 < b.high or (b.low == 0 and b.high == 0):
        return LINE
    low = INF if b.high == 0 else 1 / b.high
    high = INF if b.low == 0 else 1 / b.low
    if b.high == 0:
        low, high = -INF, 1 / b.low
    return multiply(a, Interval(min(low, high), max(low, high)))


def power(a: Interval, b: Interval) -> Interval:
    """Return the bounds of a power."""
    if a.is_constant and b.is_constant:
        return _power_of_numbers(a.low, b.low)
    if b.is_constant and b.low > 0 and b.low % 2 == 0:
        ends = [_safe_power(abs(a.low), b.low), _safe_power(abs(a.high), b.low)]
        return Interval(0.0 if a.low <= 0 <= a.high else min(ends), max(ends))
    return Interval(0.0, INF) if a.low >= 0 else LINE


def _safe_power(base: float, exponent: float) -> float:
    try:
        return float(base**exponent)
    except OverflowError:
        return INF


def _power_of_numbers(base: float, exponent: float) -> Interval:
    if base < 0 and exponent != int(exponent):
        return LINE
    if base == 0 and exponent < 0:
        return LINE
    try:
        result = float(base**exponent)
    except OverflowError:
        result = INF if base > 0 or exponent % 2 == 0 else -INF
    return Interval(result, result)


def _monotone(function: Callable[[float], float], low: float = -INF) -> Callable[..., Interval]:
    def bounds(a: Interval) -> Interval:
        return Interval(function(max(a.low, low)), function(max(a.high, low)))

    return bounds


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return INF


def _log(x: float) -> float:
    return -INF if x <= 0 else math.log(x)


def _sigmoid(x: float) -> float:
    return 1 / (1 + _exp(-x)) if _exp(-x) < INF else 0.0


def _abs(a: Interval) -> Interval:
    ends = (abs(a.low), abs(a.high))
    return Interval(0.0 if a.low <= 0 <= a.high else min(ends), max(ends))


def _step(a: Interval) -> Interval:
    return Interval(1.0 if a.low > 0 else 0.0, 0.0 if a.high <= 0 else 1.0)


def _min(*values: Interval) -> Interval:
    return Interval(min(v.low for v in values), min(v.high for v in values))


def _max(*values: Interval) -> Interval:
    return Interval(max(v.low for v in values), max(v.high for v in values))


def _clip(value: Interval, low: Interval, high: Interval) -> Interval:
    return _min(_max(value, low), high)


def _softmax(value: Interval) -> Interval:
    del value
    return Interval(0.0, 1.0)


#: Bounds of the functions of the language by name. `code` is no function of a number.
FUNCTION_BOUNDS: dict[str, Callable[..., Interval]] = {
    "exp": _monotone(_exp),
    "log": _monotone(_log, 0.0),
    "sqrt": _monotone(math.sqrt, 0.0),
    "abs": _abs,
    "min": _min,
    "max": _max,
    "clip": _clip,
    "step": _step,
    "sigmoid": _monotone(_sigmoid),
    "softmax": _softmax,
}

OPERATOR_BOUNDS: dict[str, Callable[[Interval, Interval], Interval]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "^": power,
}
