"""The invertible map between a user's columns and the model's numbers.

An encoding is made once, from the training table, and saved with the fit: new tables are read
with the same levels, the same standardisation and the same scales.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from causaldsl.data.cells import ColumnKind, Floats, Mask, parse_number
from causaldsl.data.schema import ColumnSpec, Schema, expand_range
from causaldsl.vocabulary.domains import Binary, Categorical, Count, Image, Ordered, levels_of

Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What one variable's training columns were like; one entry per column.

    Encoded values are ``(x - offset) / factor``; offset 0 and factor 1 unless the file says
    `standardize`. `centre` and `spread` are mean and standard deviation (divided by N) of the
    encoded column, spread 1 where the column is constant: what enters `linear` and guides is
    ``(value - centre) / spread``. `sd` is the standard deviation itself, 0 for a constant column.
    """

    columns: tuple[str, ...]
    kinds: tuple[ColumnKind, ...]
    offset: Numbers
    factor: Numbers
    centre: Numbers
    spread: Numbers
    sd: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """A schema with the training table's statistics: encodes, decodes, and is JSON."""

    schema: Schema
    statistics: Mapping[str, Statistics] = field(default_factory=dict)

    def levels(self) -> dict[str, tuple[str, ...]]:
        """Return the levels of each variable of levels, lowest position first."""
        return {
            name: spec.domain.levels
            for name, spec in self.schema.variables.items()
            if isinstance(spec.domain, Categorical | Ordered)
        }

    def scales(self) -> dict[str, list[Any]]:
        """Return ``[centre, spread]`` of each real, positive, unit and count variable.

        For an array both are lists, one number per cell; for an image they are 0 and 1.
        """
        found: dict[str, list[Any]] = {}
        for name, numbers in self.statistics.items():
            spec = self.schema.variables[name]
            if levels_of(spec.domain) is None:
                pair = (numbers.centre, numbers.spread)
                found[name] = [n[0] if spec.size is None else list(n) for n in pair]
        return found

    def sds(self) -> dict[str, Numbers]:
        """Return each variable's standard deviations in the encoded unit, one per column."""
        return {name: numbers.sd for name, numbers in self.statistics.items()}

    def columns_of(self, name: str) -> tuple[str, ...]:
        """Return the table's columns of a variable, in order."""
        return self.statistics[name].columns

    def is_invertible(self, name: str) -> bool:
        """Whether `decode` gives the table's own values back."""
        return self.caveat(name) is None

    def caveat(self, name: str) -> str | None:
        """Return why a variable's decoded values are not the table's own, if they are not."""
        spec = self.schema.variables[name]
        if spec.transform in ("floor", "round"):
            return f"`{spec.transform}` has no inverse: values of `{name}` are the model's"
        if spec.recode is not None and len(set(spec.recode.values())) < len(spec.recode):
            merged = [k for k, v in spec.recode.items() if list(spec.recode.values()).count(v) > 1]
            return f"`as` merges {', '.join(f'`{m}`' for m in merged)}: `{name}` is the model's"
        return None

    def label(self, name: str, values: ArrayLike) -> NDArray[Any]:
        """Return encoded values in the model's words: level names, numbers in natural units.

        Standardised values stay standardised: that is the unit the file chose.
        """
        spec = self.schema.variables[name]
        numbers = np.asarray(values)
        if isinstance(spec.domain, Categorical | Ordered):
            return np.asarray(spec.domain.levels, dtype=object)[numbers.astype(np.int64)]
        if isinstance(spec.domain, Binary | Count):
            return numbers.astype(np.int64)
        return numbers.astype(np.float64)

    def decode(self, name: str, values: ArrayLike) -> NDArray[Any]:
        """Return encoded values as the table would hold them, ``(..., )`` or ``(..., size)``.

        Levels go back through `as` where it is one to one, `standardize` and `log` are undone;
        where there is no way back (`caveat` says so) the model's own value stays. Each picture
        is one cell, an array ``(c, h, w)`` of numbers from 0 to 1.
        """
        spec, numbers = self.schema.variables[name], self.statistics[name]
        array = np.asarray(values)
        if isinstance(spec.domain, Image):
            return _one_cell_each(array)
        if spec.size is None:
            return _decode_column(array, spec, numbers, 0)
        parts = [_decode_column(array[..., i], spec, numbers, i) for i in range(spec.width)]
        return np.stack(parts, axis=-1)

    def decode_frame(self, columns: Mapping[str, ArrayLike]) -> pd.DataFrame:
        """Return encoded variables as a table with the user's columns."""
        decoded: dict[str, NDArray[Any]] = {}
        for name, values in columns.items():
            if name not in self.schema.variables:
                continue
            spec, array = self.schema.variables[name], self.decode(name, values)
            names = self.statistics[name].columns
            cells = [array] if spec.size is None else [array[:, i] for i in range(spec.width)]
            decoded.update(zip(names, cells, strict=True))
        return pd.DataFrame(decoded)

    def to_dict(self) -> dict[str, Any]:
        """Return the encoding as JSON values; floats keep every digit."""
        return {
            "schema": self.schema.to_dict(),
            "statistics": {
                name: {
                    "columns": list(s.columns),
                    "kinds": list(s.kinds),
                    "offset": list(s.offset),
                    "factor": list(s.factor),
                    "centre": list(s.centre),
                    "spread": list(s.spread),
                    "sd": list(s.sd),
                }
                for name, s in self.statistics.items()
            },
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Encoding:
        """Return the encoding that `to_dict` wrote.

        Raises
        ------
        ValueError
            If the values are no encoding.
        """
        try:
            schema = Schema.from_dict(values["schema"])
            statistics = {
                str(name): _statistics_from_dict(entry, schema.variables[name])
                for name, entry in values["statistics"].items()
            }
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("this is no encoding") from error
        return Encoding(schema=schema, statistics=MappingProxyType(statistics))


def plain_encoding(schema: Schema) -> Encoding:
    """Return an encoding that no table was needed for: no standardisation, scales 0 and 1.

    For files that are simulated without data; its `decode` writes what the same file reads.
    """
    return Encoding(
        schema=schema,
        statistics=MappingProxyType(
            {name: _plain_statistics(spec) for name, spec in schema.variables.items()}
        ),
    )


def _plain_statistics(spec: ColumnSpec) -> Statistics:
    keys = tuple(spec.recode or ())
    if not keys and isinstance(spec.domain, Categorical | Ordered):
        keys = spec.domain.levels
    kind: ColumnKind = "number" if all(parse_number(k) is not None for k in keys) else "text"
    zeros, ones = (0.0,) * spec.width, (1.0,) * spec.width
    return Statistics(
        columns=expand_range(spec),
        kinds=(kind,) * spec.width,
        offset=zeros,
        factor=ones,
        centre=zeros,
        spread=ones,
        sd=ones,
    )


def image_statistics(column: str, kinds: tuple[ColumnKind, ...]) -> Statistics:
    """Return the statistics of an image: pixels stay from 0 to 1, whatever the pictures are."""
    return Statistics(
        columns=(column,), kinds=kinds, offset=(0.0,), factor=(1.0,), centre=(0.0,), spread=(1.0,),
        sd=(1.0,),
    )  # fmt: skip


def derive_statistics(
    spec: ColumnSpec,
    columns: tuple[str, ...],
    kinds: tuple[ColumnKind, ...],
    values: Floats,
    seen: Mask,
) -> Statistics:
    """Return the statistics of transformed, not yet standardised values ``(N, width)``.

    Only cells that are `seen` count; a column without any has centre 0 and spread 1.
    """
    numbers = [_moments(values[seen[:, i], i]) for i in range(values.shape[1])]
    centre, sd = tuple(m for m, _ in numbers), tuple(s for _, s in numbers)
    spread = tuple(s if s > 0 else 1.0 for s in sd)
    zeros, ones = (0.0,) * len(centre), (1.0,) * len(centre)
    if spec.transform == "standardize":
        units = tuple(1.0 if s > 0 else 0.0 for s in sd)
        return Statistics(
            columns=columns,
            kinds=kinds,
            offset=centre,
            factor=spread,
            centre=zeros,
            spread=ones,
            sd=units,
        )
    return Statistics(
        columns=columns,
        kinds=kinds,
        offset=zeros,
        factor=ones,
        centre=centre,
        spread=spread,
        sd=sd,
    )


def _moments(values: Floats) -> tuple[float, float]:
    if len(values) == 0:
        return 0.0, 0.0
    if values.min() == values.max():  # rounding in the mean would leave a spread of 1e-17
        return float(values[0]), 0.0
    return float(values.mean()), float(values.std())


# --- decoding -------------------------------------------------------------------------------


def _one_cell_each(pixels: NDArray[Any]) -> NDArray[Any]:
    cells = np.empty(pixels.shape[:-3], dtype=object)
    for place in np.ndindex(cells.shape):
        cells[place] = pixels[place]
    return cells


def _decode_column(
    values: NDArray[Any], spec: ColumnSpec, numbers: Statistics, index: int
) -> NDArray[Any]:
    kind = numbers.kinds[index]
    levels = levels_of(spec.domain)
    if levels is not None:
        if kind == "text" and spec.recode is None and isinstance(spec.domain, Binary):
            kind = "number"  # True, "0" and the like were understood; 0 and 1 say the same
        table = _cells_of_levels(levels, spec.recode, kind)
        return table[values.astype(np.int64)]
    natural = values.astype(np.float64) * numbers.factor[index] + numbers.offset[index]
    if spec.transform == "log":
        natural = np.exp(natural)
    if spec.recode is not None:
        return _recode_back(natural, spec.recode, kind)
    is_whole = isinstance(spec.domain, Count) and bool((np.abs(natural) < 2**63).all())
    return natural.astype(np.int64) if is_whole else natural


def _cells_of_levels(
    levels: tuple[str, ...], recode: Mapping[str, str] | None, kind: ColumnKind
) -> NDArray[Any]:
    texts = list(levels)
    if recode is not None:
        for i, level in enumerate(levels):
            keys = [k for k, v in recode.items() if v == level or _same_number(v, level)]
            texts[i] = keys[0] if len(keys) == 1 else level
    return _as_kind(texts, kind)


def _same_number(a: str, b: str) -> bool:
    number = parse_number(a)
    return number is not None and number == parse_number(b)


def _as_kind(texts: list[str], kind: ColumnKind) -> NDArray[Any]:
    if kind == "bool" and all(t.lower() in ("true", "false", "0", "1") for t in texts):
        return np.array([t.lower() in ("true", "1") for t in texts])
    numbers = [parse_number(t) for t in texts]
    if kind == "number" and None not in numbers:
        found = np.array(cast("list[float]", numbers))
        whole = all(math.isfinite(n) and n.is_integer() for n in found.tolist())
        return found.astype(np.int64) if whole else found
    return np.array(texts, dtype=object)


def _recode_back(values: Floats, recode: Mapping[str, str], kind: ColumnKind) -> NDArray[Any]:
    by_value: dict[float, list[str]] = {}
    for key, number in recode.items():
        by_value.setdefault(float(number), []).append(key)
    if (
        any(len(keys) > 1 for keys in by_value.values())
        or not np.isin(values, list(by_value)).all()
    ):
        return values  # merged, or a value (a draw, a counterfactual) that no key stands for
    codes = np.searchsorted(ordered := sorted(by_value), values)
    return _as_kind([by_value[number][0] for number in ordered], kind)[codes]


def _statistics_from_dict(values: Mapping[str, Any], spec: ColumnSpec) -> Statistics:
    def numbers(key: str) -> Numbers:
        found = tuple(float(n) for n in values[key])
        if len(found) != spec.width or not all(map(math.isfinite, found)):
            raise ValueError(f"`{key}` of {spec.variable!r} is not {spec.width} numbers")
        return found

    kinds = tuple(values["kinds"])
    if len(kinds) != spec.width or not set(kinds) <= {"number", "text", "bool"}:
        raise ValueError(f"`kinds` of {spec.variable!r} are wrong")
    return Statistics(
        columns=tuple(map(str, values["columns"])),
        kinds=cast("tuple[ColumnKind, ...]", kinds),
        offset=numbers("offset"),
        factor=numbers("factor"),
        centre=numbers("centre"),
        spread=numbers("spread"),
        sd=numbers("sd"),
    )
