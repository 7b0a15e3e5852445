"""Bind a user's table to a schema: resolve columns, read cells, leave rows out, check, encode.

Rows are left out first (`else drop`, `missing drop`); what is wrong in the others is reported all
at once. A finding in a row that is left out anyway is none.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from causaldsl.data import findings
from causaldsl.data.cells import Block, Floats, Mask, read_cells
from causaldsl.data.checks import check_cells, derive_warnings, verify_enough
from causaldsl.data.encoded import EncodedData
from causaldsl.data.encoding import Encoding, Statistics, derive_statistics, image_statistics
from causaldsl.data.images import ImageCells, find_images, read_images
from causaldsl.data.schema import ColumnSpec, Schema
from causaldsl.data.tables import FOLDER, to_frame
from causaldsl.diagnostics.model import DataError, Diagnostic
from causaldsl.vocabulary.domains import Categorical, Image, Ordered, levels_of

What = Literal["fit", "predict", "evidence"]
_MOST_FINDINGS = 20


def bind(
    table: object,
    schema: Schema,
    *,
    encoding: Encoding | None = None,
    require: Collection[str] | None = None,
    optional: Collection[str] = (),
    what: What = "fit",
    images: str | os.PathLike[str] | None = None,
) -> EncodedData:
    """Return a table's rows as the model's numbers.

    Parameters
    ----------
    table
        Whatever `causaldsl.data.tables.to_frame` takes.
    schema
        What the model asks of a table.
    encoding
        A saved encoding to reuse; without it one is made from this table.
    require
        The variables that must be there (all of the schema when `None`); others are not read.
    optional
        Variables to read as well if the table has their columns.
    what
        What the rows are for. Only a fit demands that the sensitive variables vary, and only a
        fit warns of constant columns and levels that never occur.
    images
        The folder that names of picture files are relative to. Without it, that of the file that
        `read_table` read the table from; for other tables, the current folder.

    Raises
    ------
    DataError
        With every finding (CD505 to CD529, CD534), the first 20 written out.
    ValueError
        If `require` or `optional` names no observed variable, or `encoding` does not know one.
    """
    frame = to_frame(table)
    wanted = _wanted(schema, require, optional)
    resolved, problems = _resolve_all(frame, wanted, set(optional), encoding)
    blocks = [_read(frame, spec, c) for spec, c in resolved if not isinstance(spec.domain, Image)]
    pictures = _find_pictures(frame, resolved, images)
    keep, dropped = _rows_to_keep([*blocks, *pictures], len(frame))
    if resolved and not keep.any():
        _refuse([*problems, findings.no_rows_left(dropped, len(frame))])
    rows = np.flatnonzero(keep)
    for block in blocks:
        problems += check_cells(frame, block, rows)
    pixels: dict[str, Floats] = {}
    for cells in pictures:
        pixels[cells.spec.variable], wrong = read_images(cells, rows)
        problems += wrong
    if what == "fit" and not problems:
        problems += verify_enough(frame, blocks, rows)
    _refuse(problems)
    used = encoding or _encoding_of(schema, blocks, pictures, rows)
    warnings = derive_warnings(frame, blocks, rows) if what == "fit" else []
    warnings += _same_pictures(pictures, pixels) if what == "fit" else []
    columns, observed = _encoded(blocks, rows, used)
    for cells in pictures:
        columns[cells.spec.variable] = torch.from_numpy(pixels[cells.spec.variable])
        if cells.spec.missing == "latent":
            observed[cells.spec.variable] = torch.from_numpy(~cells.missing[rows, 0])
    return EncodedData(
        columns=MappingProxyType({spec.variable: columns[spec.variable] for spec, _ in resolved}),
        observed=MappingProxyType(observed),
        n_rows=len(rows),
        row_ids=torch.from_numpy(rows.astype(np.int64)),
        encoding=used,
        dropped=MappingProxyType(dropped),
        warnings=tuple(_capped(warnings)),
    )


# --- columns --------------------------------------------------------------------------------


def _wanted(
    schema: Schema, require: Collection[str] | None, optional: Collection[str]
) -> list[ColumnSpec]:
    names = set(schema.variables) if require is None else {*require, *optional}
    unknown = {*names, *optional} - set(schema.variables)
    if unknown:
        raise ValueError(f"no observed variable is named {', '.join(sorted(unknown))}")
    return [spec for name, spec in schema.variables.items() if name in names]


def _resolve_all(
    frame: pd.DataFrame,
    wanted: list[ColumnSpec],
    optional: set[str],
    encoding: Encoding | None,
) -> tuple[list[tuple[ColumnSpec, tuple[str, ...]]], list[Diagnostic]]:
    found: list[tuple[ColumnSpec, tuple[str, ...]]] = []
    problems: list[Diagnostic] = []
    positions = {name: i for i, name in enumerate(frame.columns)}
    for spec in wanted:
        if encoding is not None and spec.variable not in encoding.statistics:
            raise ValueError(f"the encoding does not know {spec.variable}")
        saved = None if encoding is None else encoding.columns_of(spec.variable)
        columns, wrong = _resolve(spec, positions, saved)
        if not wrong:
            found.append((spec, columns))
        elif spec.variable not in optional:
            problems += wrong
    return found, problems


def _resolve(
    spec: ColumnSpec, positions: Mapping[str, int], saved: tuple[str, ...] | None
) -> tuple[tuple[str, ...], list[Diagnostic]]:
    names = list(positions)
    columns = saved if saved is not None else spec.columns
    absent = [c for c in columns if c not in positions]
    if absent:
        return (), [findings.unknown_column(c, spec.variable, names) for c in absent]
    if saved is None and spec.is_range:
        columns = tuple(names[positions[columns[0]] : positions[columns[-1]] + 1])
    if len(columns) != spec.width:
        return (), [findings.wrong_column_count(spec.variable, spec.width, columns)]
    return columns, []


# --- cells ----------------------------------------------------------------------------------


def _read(frame: pd.DataFrame, spec: ColumnSpec, columns: tuple[str, ...]) -> Block:
    cells = [read_cells(frame[column], spec) for column in columns]
    raw = np.stack([c.values for c in cells], axis=1)
    return Block(
        spec=spec,
        columns=columns,
        kinds=tuple(c.kind for c in cells),
        raw=raw,
        values=_transformed(raw, spec),
        missing=np.stack([c.missing for c in cells], axis=1),
        unlisted=np.stack([c.unlisted for c in cells], axis=1),
        wrong=np.stack([c.wrong for c in cells], axis=1),
    )


def _find_pictures(
    frame: pd.DataFrame,
    resolved: list[tuple[ColumnSpec, tuple[str, ...]]],
    images: str | os.PathLike[str] | None,
) -> list[ImageCells]:
    folder = Path(frame.attrs.get(FOLDER, ".") if images is None else images)
    return [
        find_images(frame[columns[0]], spec, folder)
        for spec, columns in resolved
        if isinstance(spec.domain, Image)
    ]


def _transformed(raw: Floats, spec: ColumnSpec) -> Floats:
    match spec.transform:
        case "floor":
            return np.floor(raw)
        case "round":
            return np.round(raw)
        case "log":
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.log(raw)
        case _:
            return raw


def _rows_to_keep(blocks: Sequence[Block | ImageCells], n: int) -> tuple[Mask, dict[str, int]]:
    keep = np.ones(n, dtype=bool)
    dropped: dict[str, int] = {}
    for block in blocks:
        name = block.spec.variable
        if block.spec.otherwise == "drop":
            dropped[f"value of `{name}` is not listed"] = _leave_out(keep, block.unlisted)
        if block.spec.missing == "drop":
            dropped[f"`{name}` is missing"] = _leave_out(keep, block.missing)
    return keep, dropped


def _leave_out(keep: Mask, cells: Mask) -> int:
    leaving = keep & cells.any(axis=1)
    keep &= ~leaving
    return int(leaving.sum())


# --- the outcome ----------------------------------------------------------------------------


def _refuse(problems: list[Diagnostic]) -> None:
    if problems:
        raise DataError(_capped(problems))


def _capped(found: list[Diagnostic]) -> list[Diagnostic]:
    rest = len(found) - _MOST_FINDINGS
    return [*found[:_MOST_FINDINGS], findings.more_findings(rest)] if rest > 0 else found


def _same_pictures(images: list[ImageCells], pixels: Mapping[str, Floats]) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for cells in images:
        name = cells.spec.variable
        if (pixels[name] == pixels[name][:1]).all():
            n = len(pixels[name])
            found.append(findings.constant_column(name, cells.column, "the same picture", n))
    return found


def _encoding_of(
    schema: Schema, blocks: list[Block], images: list[ImageCells], rows: NDArray[np.intp]
) -> Encoding:
    statistics: dict[str, Statistics] = {}
    for block in blocks:
        statistics[block.spec.variable] = derive_statistics(
            block.spec, block.columns, block.kinds, block.values[rows], ~block.missing[rows]
        )
    for cells in images:
        statistics[cells.spec.variable] = image_statistics(cells.column, cells.kinds)
    return Encoding(schema=schema, statistics=MappingProxyType(statistics))


def _encoded(
    blocks: list[Block], rows: NDArray[np.intp], encoding: Encoding
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    columns: dict[str, Tensor] = {}
    observed: dict[str, Tensor] = {}
    for block in blocks:
        name = block.spec.variable
        values, seen = block.values[rows], ~block.missing[rows]
        numbers = encoding.statistics[name]
        encoded = (values - np.array(numbers.offset)) / np.array(numbers.factor)
        filled = np.where(seen, encoded, _placeholder(block.spec, numbers))
        columns[name] = _tensor(filled, block.spec)
        if block.spec.missing == "latent":
            observed[name] = _squeezed(torch.from_numpy(seen), block.spec)
    return columns, observed


def _placeholder(spec: ColumnSpec, numbers: Statistics) -> NDArray[Any]:
    """Stand in for unseen cells, inside the domain, so that no NaN reaches a gradient."""
    if levels_of(spec.domain) is not None:
        return np.zeros(spec.width)
    centre = np.array(numbers.centre)
    return np.round(centre) if str(spec.domain) == "count" else centre


def _tensor(values: Floats, spec: ColumnSpec) -> Tensor:
    tensor = _squeezed(torch.from_numpy(np.ascontiguousarray(values, dtype=np.float64)), spec)
    return tensor.to(torch.int64) if isinstance(spec.domain, Categorical | Ordered) else tensor


def _squeezed(tensor: Tensor, spec: ColumnSpec) -> Tensor:
    return tensor[:, 0].contiguous() if spec.size is None else tensor
