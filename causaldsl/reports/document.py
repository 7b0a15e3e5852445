"""What a report is before it has a form: assumptions first, then tables, then findings.

Cells are text already: every renderer shows the same figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

DECIMALS = 6  # smaller figures are written with an exponent
LARGE, HUGE = 1e7, 1e12  # nats, and figures in a column's unit, that have gone astray
ROUNDING = 1e-12  # what is left of zero after floating-point arithmetic is written as zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A titled table. The first column is text, the others are figures; `notes` stand under it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A report. `assumptions` are (what, value) pairs and always come before the tables."""

    title: str
    assumptions: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    findings: tuple[str, ...] = ()


def figure(value: float, digits: int = 4) -> str:
    """Return a figure with so many significant digits; rounding errors are zero.

    >>> figure(0.918234), figure(44374.6), figure(0.0000123), figure(3e-17), figure(0.0312, 2)
    ('0.9182', '44375', '1.23e-05', '0', '0.031')
    """
    if abs(value) < ROUNDING:
        return "0"
    places = digits - 1 - _magnitude(value)
    if places > DECIMALS + 1 or abs(value) >= HUGE:
        return f"{value:.{min(digits, 3)}g}"
    return f"{value:.{max(0, places)}f}"


def fixed(value: float, places: int) -> str:
    """Return a figure with so many decimals; one that has gone astray by its exponent.

    >>> fixed(4.18, 4), fixed(-1.5e60, 5)
    ('4.1800', '-1.5000e+60')
    """
    return f"{value:.{places}f}" if abs(value) < LARGE else f"{value:.4e}"


def spread_figure(mean: float, sd: float | None) -> str:
    """Return ``mean ± sd`` with two significant digits of the sd.

    >>> spread_figure(0.91823, 0.01312), spread_figure(0.5, None), spread_figure(0.0, 0.0)
    ('0.918 ± 0.013', '0.5000', '0 ± 0')
    """
    if sd is None:
        return figure(mean)
    if sd < ROUNDING:
        return f"{figure(mean)} ± 0"
    places = 1 - _magnitude(sd)
    if places > DECIMALS + 1:
        return f"{mean:.2g} ± {sd:.1g}"
    places = max(0, places)
    return f"{mean:.{places}f} ± {sd:.{places}f}"


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0
