"""What domain a column's values suggest, for a starter file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causaldsl.data.cells import Floats, cell_text

_MOST_LEVELS = 50
_LONGEST_LEVEL = 80
_FEW = 20
_MOST_CHANNELS = 4
_PICTURE = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff", ".webp")
_TRUTHS = (("no", "yes"), ("n", "y"), ("false", "true"), ("f", "t"), ("0", "1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A domain (a word, or levels), a recoding to 0 and 1, a remark; or why to leave it out."""

    domain: str = ""
    levels: tuple[str, ...] = ()
    recode: tuple[tuple[str, int], ...] = ()
    remark: str | None = None
    leave_out: str | None = None


def guess_domain(column: pd.Series[Any], role: str) -> Guess:
    """Return what a column's values suggest. Only `observed` columns are ever left out."""
    values = column.dropna()
    guess = _guess(values, role, len(column))
    if guess.leave_out is None or role == "observed":
        return guess
    domain = "" if guess.levels else guess.domain or "real"
    remark = f"check this domain: {guess.leave_out}"
    return Guess(domain=domain, levels=guess.levels, remark=remark)


def _guess(values: pd.Series[Any], role: str, n: int) -> Guess:
    if len(values) == 0:
        return Guess(leave_out="no value at all")
    if pd.api.types.is_bool_dtype(values.dtype):
        return Guess(domain="binary")
    if pd.api.types.is_numeric_dtype(values.dtype):
        if pd.api.types.is_complex_dtype(values.dtype):
            return Guess(leave_out="complex numbers")
        return _guess_numbers(values.to_numpy(dtype=np.float64), role, n)
    if pd.api.types.is_datetime64_any_dtype(values.dtype) or pd.api.types.is_timedelta64_dtype(
        values.dtype
    ):
        return Guess(leave_out="dates and times are no domain of the language")
    if any(isinstance(cell, np.ndarray | list) for cell in values):
        return _guess_arrays(values)
    return _guess_texts(values.astype(object).map(cell_text), role, n)


def _guess_arrays(values: pd.Series[Any]) -> Guess:
    shapes = {tuple(cell.shape) if isinstance(cell, np.ndarray) else () for cell in values}
    shape: tuple[int, ...] = shapes.pop()
    if shapes or len(shape) != 3:
        return Guess(leave_out="arrays that are no pictures of one size")
    if shape[0] > _MOST_CHANNELS >= shape[2]:
        shape = (shape[2], shape[0], shape[1])
    return Guess(domain=f"image[{', '.join(map(str, shape))}]")


def _guess_numbers(values: Floats, role: str, n: int) -> Guess:
    distinct = np.unique(values)
    if not np.isfinite(values).all():
        return Guess(domain="real", leave_out="infinite values")
    if len(distinct) == 1:
        return Guess(domain="real", leave_out=f"it is {cell_text(distinct[0])} in every row")
    if set(distinct) <= {0.0, 1.0}:
        return Guess(domain="binary")
    whole = values == np.floor(values)
    if whole.all():
        if n > _FEW and len(values) == n and bool((np.diff(values) > 0).all()):
            return Guess(domain="real", leave_out="it counts the rows")
        return _guess_whole(distinct, role, n)
    low, high = float(distinct[0]), float(distinct[-1])
    if low > 0 and high < 1:
        return Guess(domain="unit")
    share = 1 - float(whole.mean())
    if low >= 0 and 0 < share < 0.2 and len(distinct) > _FEW:
        remark = f"{share:.1%} of the values have fractions: perhaps `count from floor(...)`"
        return Guess(domain="positive" if low > 0 else "real", remark=remark)
    return Guess(domain="positive" if low > 0 else "real")


def _guess_whole(distinct: Floats, role: str, n: int) -> Guess:
    texts = tuple(cell_text(value) for value in distinct)
    if len(distinct) == 2:
        return Guess(domain="binary", recode=((texts[0], 0), (texts[1], 1)))
    if len(distinct) == n and distinct[-1] - distinct[0] == n - 1 and n > _FEW:
        return Guess(domain="real", leave_out="it counts the rows")
    if role == "sensitive" and len(distinct) <= _FEW:
        return Guess(levels=texts)
    if distinct[0] < 0:
        return Guess(domain="real")
    if len(distinct) <= 7 and distinct[-1] <= 10:
        written = " < ".join(f'"{text}"' for text in texts)
        return Guess(domain="count", remark=f"perhaps a rating: {{{written}}}")
    return Guess(domain="count")


def _guess_texts(texts: pd.Series[str], role: str, n: int) -> Guess:
    if texts.str.lower().str.endswith(_PICTURE).all():
        return Guess(leave_out="names of pictures: declare `image[c, h, w]` with their size")
    counts = texts.value_counts()
    levels = sorted(counts.index, key=lambda level: (-counts[level], level))
    if len(levels) == 1:
        other = "another" if levels[0] != "another" else "other"  # a domain has two levels
        return Guess(levels=(levels[0], other), leave_out="it is the same in every row")
    if len(levels) == 2:
        return _guess_pair(tuple(sorted(levels)), role)
    if len(levels) > _MOST_LEVELS or (len(levels) > n / 2 and len(levels) > 10):
        reason = f"{len(levels):,} different texts are too many levels"
        return Guess(levels=tuple(levels), leave_out=reason)
    if max(map(len, levels)) > _LONGEST_LEVEL:
        return Guess(levels=tuple(levels), leave_out="free text")
    return Guess(levels=tuple(levels))


def _guess_pair(pair: tuple[str, ...], role: str) -> Guess:
    low, high = pair
    truth = (low.strip().lower(), high.strip().lower())
    if truth == ("false", "true"):
        return Guess(domain="binary")
    if truth in _TRUTHS or role == "outcome":
        return Guess(domain="binary", recode=((low, 0), (high, 1)))
    return Guess(levels=pair)
