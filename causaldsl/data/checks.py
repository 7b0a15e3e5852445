"""What must hold of the cells that are kept, and what is only worth a warning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from causaldsl.data import findings
from causaldsl.data.cells import Block, Floats, cell_text, counted
from causaldsl.data.schema import ColumnSpec
from causaldsl.diagnostics.model import Diagnostic
from causaldsl.vocabulary.domains import (
    Binary,
    Categorical,
    Count,
    Ordered,
    Positive,
    UnitInterval,
    levels_of,
)
from causaldsl.vocabulary.roles import Role

Rows = NDArray[np.intp]
#: Squares of larger numbers, summed over the rows, would leave the range of a float64.
_LARGEST = 1e100


def check_cells(frame: pd.DataFrame, block: Block, rows: Rows) -> list[Diagnostic]:
    """Return what is wrong with one variable's cells in the rows that are kept."""
    problems: list[Diagnostic] = []
    for i, column in enumerate(block.columns):
        for mask, build in ((block.wrong, _wrong), (block.unlisted, _unlisted)):
            bad = rows[mask[rows, i]]
            if len(bad):
                problems.append(build(frame[column], block.spec, bad))
        problems += _check_missing(block, i, column, rows)
        problems += _check_numbers(block, i, column, rows)
    return problems


def _wrong(column: pd.Series[Any], spec: ColumnSpec, bad: Rows) -> Diagnostic:
    values = counted(column, bad)
    return findings.not_numbers(spec.variable, str(column.name), str(spec.domain), bad, values)


def _unlisted(column: pd.Series[Any], spec: ColumnSpec, bad: Rows) -> Diagnostic:
    values, name = counted(column, bad), str(column.name)
    if spec.recode is not None:
        listed = tuple(spec.recode)
        return findings.unseen_levels(spec.variable, name, bad, values, listed, is_recode=True)
    if isinstance(spec.domain, Categorical | Ordered):
        listed = spec.domain.levels
        return findings.unseen_levels(spec.variable, name, bad, values, listed, is_recode=False)
    distinct = tuple(dict.fromkeys(map(cell_text, column.dropna().astype(object))))
    return findings.not_binary(spec.variable, name, bad, values, distinct)


def _check_missing(block: Block, i: int, column: str, rows: Rows) -> list[Diagnostic]:
    absent = rows[block.missing[rows, i]]
    if len(absent) == 0 or (block.spec.missing == "latent" and len(absent) < len(rows)):
        return []
    if block.spec.missing == "latent":
        return [findings.never_seen(block.spec.variable, column, len(rows))]
    return [findings.missing_values(block.spec.variable, column, absent, len(rows))]


def _check_numbers(block: Block, i: int, column: str, rows: Rows) -> list[Diagnostic]:
    spec, raw, values = block.spec, block.raw[rows, i], block.values[rows, i]
    if levels_of(spec.domain) is not None:
        return []
    infinite = np.isinf(raw)
    if infinite.any():
        return [findings.infinite_values(spec.variable, column, rows[infinite])]
    if spec.transform == "log" and (outside := raw <= 0).any():
        return [_outside(spec, column, "takes a `log`", "above 0", rows[outside], raw[outside])]
    huge = np.abs(values) > _LARGEST
    if huge.any():
        demand = f"within {_LARGEST:g} of 0"
        kind = f"is {spec.domain}"
        return [_outside(spec, column, kind, demand, rows[huge], values[huge])]
    return _check_domain(spec, column, rows, values)


def _check_domain(spec: ColumnSpec, column: str, rows: Rows, values: Floats) -> list[Diagnostic]:
    demands = {
        Positive: ("is positive", "above 0", values <= 0),
        UnitInterval: ("is a unit", "between 0 and 1", (values <= 0) | (values >= 1)),
        Count: ("is a count", "0 or more", values < 0),
        Binary: ("is binary", "0 or 1", (values != 0) & (values != 1) & ~np.isnan(values)),
    }
    problems: list[Diagnostic] = []
    if type(spec.domain) in demands and spec.transform != "standardize":
        kind, demand, outside = demands[type(spec.domain)]
        if outside.any():
            problems.append(_outside(spec, column, kind, demand, rows[outside], values[outside]))
    if isinstance(spec.domain, Count):
        broken = ~np.isnan(values) & (values != np.floor(values))
        if broken.any():
            example = float(values[broken][0])
            problems.append(
                findings.fractional_counts(spec.variable, column, rows[broken], len(rows), example)
            )
    return problems


def _outside(
    spec: ColumnSpec, column: str, kind: str, demand: str, bad: Rows, values: Floats
) -> Diagnostic:
    return findings.outside_domain(spec.variable, column, kind, demand, bad, float(values[0]))


# --- the table as a whole -------------------------------------------------------------------


def verify_enough(frame: pd.DataFrame, blocks: Sequence[Block], rows: Rows) -> list[Diagnostic]:
    """Return what keeps clean rows from being fitted to: too few, or nothing that varies."""
    if len(rows) < 2:
        return [findings.too_few_rows(len(rows))]
    return [
        findings.constant_sensitive(
            block.spec.variable,
            block.columns[0],
            cell_text(frame[block.columns[0]].iloc[rows[0]]),
            len(rows),
        )
        for block in blocks
        if block.spec.role is Role.SENSITIVE and all(_constant(block, rows))
    ]


def derive_warnings(frame: pd.DataFrame, blocks: Sequence[Block], rows: Rows) -> list[Diagnostic]:
    """Return what is odd about clean rows: constant columns, unused levels, few rows."""
    found: list[Diagnostic] = []
    for block in blocks:
        for i, constant in enumerate(_constant(block, rows)):
            if constant:
                column = block.columns[i]
                seen = rows[~block.missing[rows, i]]
                value = cell_text(frame[column].iloc[seen[0]])
                found.append(
                    findings.constant_column(block.spec.variable, column, value, len(rows))
                )
        found += _unused_levels(block, rows)
    width = sum(len(block.columns) for block in blocks)
    if len(rows) <= width:
        found.append(findings.fewer_rows_than_columns(len(rows), width))
    return found


def _constant(block: Block, rows: Rows) -> list[bool]:
    found = []
    for i in range(len(block.columns)):
        seen = block.values[rows, i][~block.missing[rows, i]]
        found.append(len(seen) > 0 and bool(seen.min() == seen.max()))
    return found


def _unused_levels(block: Block, rows: Rows) -> list[Diagnostic]:
    levels = levels_of(block.spec.domain)
    if levels is None or isinstance(block.spec.domain, Binary):
        return []
    values = block.values[rows][~block.missing[rows]]
    unused = [level for i, level in enumerate(levels) if not (values == i).any()]
    if not unused:
        return []
    return [findings.level_never_occurs(block.spec.variable, block.columns[0], unused)]
