"""Cells of a user's column as numbers, one column at a time; nothing is refused here.

What cannot be used is marked, row by row, so that `binding` can first leave rows out and then
report on the others.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real as RealNumber
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from causaldsl.data.schema import ColumnSpec
from causaldsl.vocabulary.domains import Binary, Categorical, Ordered

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: What a column held, so that decoding gives the same kind back.
ColumnKind = Literal["number", "text", "bool"]

_NUMBER = re.compile(r"\s*[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|inf|infinity)\s*", re.I | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """One column read by one specification, before its transform is checked.

    `values` (N,) are numbers (positions for levels), NaN where one of the masks is set:
    `missing` (an empty cell), `unlisted` (no level, not recoded, no 0 or 1), `wrong` (no number).
    """

    values: Floats
    missing: Mask
    unlisted: Mask
    wrong: Mask
    kind: ColumnKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The cells of one variable, its columns side by side, each array ``(N, width)``.

    `raw` is before and `values` after the transform (`standardize` apart).
    """

    spec: ColumnSpec
    columns: tuple[str, ...]
    kinds: tuple[ColumnKind, ...]
    raw: Floats
    values: Floats
    missing: Mask
    unlisted: Mask
    wrong: Mask


def read_cells(column: pd.Series[Any], spec: ColumnSpec) -> Cells:
    """Return the cells of a table's column as the model's numbers, untransformed."""
    if spec.recode is not None:
        return _by_cell(column, _lookup(_recoded(spec)), listed=True)
    if isinstance(spec.domain, Categorical | Ordered):
        positions = {level: float(i) for i, level in enumerate(spec.domain.levels)}
        return _by_cell(column, _lookup(positions), listed=True)
    if isinstance(spec.domain, Binary):
        return _by_cell(column, _binary_value, listed=True)
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_complex_dtype(
        column.dtype
    ):
        return _plain_numbers(column)
    return _by_cell(column, _number_value, listed=False)


def _plain_numbers(column: pd.Series[Any]) -> Cells:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    nothing = np.zeros(len(values), dtype=bool)
    kind: ColumnKind = "bool" if pd.api.types.is_bool_dtype(column.dtype) else "number"
    return Cells(
        values=values, missing=np.isnan(values), unlisted=nothing, wrong=nothing, kind=kind
    )


def _by_cell(
    column: pd.Series[Any], value_of: Callable[[object], float | None], *, listed: bool
) -> Cells:
    codes, distinct = _distinct(column)
    values = np.full(len(distinct) + 1, np.nan)  # the last stands for a missing cell, code -1
    refused = np.zeros(len(distinct) + 1, dtype=bool)
    absent = np.zeros(len(distinct) + 1, dtype=bool)
    absent[-1] = True
    for i, cell in enumerate(distinct):
        value = value_of(cell)
        if value is None:
            refused[i] = True
        elif math.isnan(value):
            absent[i] = True
        else:
            values[i] = value
    bad = refused[codes]
    none = np.zeros(len(codes), dtype=bool)
    return Cells(
        values=values[codes],
        missing=absent[codes],
        unlisted=bad if listed else none,
        wrong=none if listed else bad,
        kind=_kind(distinct),
    )


def _distinct(column: pd.Series[Any]) -> tuple[NDArray[np.intp], list[object]]:
    try:
        codes, distinct = pd.factorize(column)
        return codes, list(distinct)
    except TypeError:  # lists, mappings and other cells without a hash
        text = column.map(lambda cell: cell if cell is None else str(cell))
        codes, distinct = pd.factorize(text.astype(object))
        return codes, list(distinct)


def _kind(distinct: list[object]) -> ColumnKind:
    if distinct and all(isinstance(cell, bool | np.bool_) for cell in distinct):
        return "bool"
    is_number = all(isinstance(cell, RealNumber) for cell in distinct)
    return "number" if is_number else "text"


def _recoded(spec: ColumnSpec) -> dict[str, float]:
    assert spec.recode is not None
    if isinstance(spec.domain, Categorical | Ordered):
        positions = {level: float(i) for i, level in enumerate(spec.domain.levels)}
        return {key: positions[level] for key, level in spec.recode.items()}
    return {key: float(number) for key, number in spec.recode.items()}


def _lookup(by_text: Mapping[str, float]) -> Callable[[object], float | None]:
    """Match cells against written keys: text by its characters, numbers by their value."""
    by_number: dict[float, float] = {}
    for key, value in by_text.items():
        number = parse_number(key)
        if number is not None:
            by_number.setdefault(number, value)

    def value_of(cell: object) -> float | None:
        if isinstance(cell, bool | np.bool_):
            names = (str(bool(cell)), str(bool(cell)).lower(), str(int(cell)))
            return next((by_text[name] for name in names if name in by_text), None)
        if isinstance(cell, RealNumber):
            return by_number.get(_as_float(cell))
        return by_text.get(str(cell))

    return value_of


def _binary_value(cell: object) -> float | None:
    if isinstance(cell, str) and cell.strip().lower() in ("true", "false"):
        return 1.0 if cell.strip().lower() == "true" else 0.0
    number = _number_value(cell)
    return number if number is None or math.isnan(number) or number in (0.0, 1.0) else None


def _number_value(cell: object) -> float | None:
    if isinstance(cell, str):
        return math.nan if cell.strip() in ("nan", "NaN") else parse_number(cell)
    # a Decimal is no `numbers.Real`, yet a plain number to everybody
    return _as_float(cell) if isinstance(cell, RealNumber | np.bool_ | Decimal) else None


def _as_float(cell: RealNumber | np.bool_ | Decimal) -> float:
    try:
        return float(cell)
    except OverflowError:  # an integer of hundreds of digits
        return math.inf


def parse_number(text: str) -> float | None:
    """Return the number that a text is, if it is one as people write them."""
    return float(text) if _NUMBER.fullmatch(text) else None


def counted(column: pd.Series[Any], rows: NDArray[np.intp]) -> dict[object, int]:
    """Return how often each value stands in these rows of a column."""
    texts = column.iloc[rows].astype(object).map(cell_text)
    return {value: int(count) for value, count in texts.value_counts().items()}


def cell_text(cell: object) -> str:
    """Return a cell as its author would write it: whole numbers without a point."""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)
