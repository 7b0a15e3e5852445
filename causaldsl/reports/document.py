"""What a report is before it has a form: assumptions first, then tables, then findings.

Cells are text already: every renderer shows the same figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

DECIMALS = 6  # smaller figures are written with an exponent


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


def figure(value: float, decimals: int | None = None) -> str:
    """Return a figure: four significant digits, or as many decimals as asked.

    >>> figure(0.918234), figure(44374.6), figure(0.0000123), figure(0.0), figure(2, 3)
    ('0.9182', '44375', '1.23e-05', '0', '2.000')
    """
    if value == 0.0 and decimals is None:
        return "0"
    places = 3 - _magnitude(value) if decimals is None else decimals
    if places > DECIMALS + 1:
        return f"{value:.3g}"
    return f"{value:.{max(0, places)}f}"


def spread_figure(mean: float, sd: float | None) -> str:
    """Return ``mean ± sd`` with two significant digits of the sd.

    >>> spread_figure(0.91823, 0.01312), spread_figure(0.5, None), spread_figure(0.0, 0.0)
    ('0.918 ± 0.013', '0.5000', '0 ± 0')
    """
    if sd is None:
        return figure(mean)
    if sd == 0.0:
        return f"{figure(mean)} ± 0"
    places = 1 - _magnitude(sd)
    if places > DECIMALS + 1:
        return f"{mean:.2g} ± {sd:.1g}"
    return f"{figure(mean, max(0, places))} ± {figure(sd, max(0, places))}"


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0
