"""One number for a table's content: the same from CSV, Parquet or a frame of equal values."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import numpy as np
import pandas as pd

from causaldsl.data.cells import cell_text, parse_number
from causaldsl.data.encoded import EncodedData
from causaldsl.data.tables import to_frame

_CODE = re.compile(r"\s*[+-]?0\d", re.ASCII)


def digest(table: object) -> str:
    """Return the sha256 of a table's column names and values, in their order.

    Numbers count by their value as float64 (1 and 1.0 are equal), text that reads as numbers
    throughout counts as these, truth values as the texts True and False, and every kind of
    missing cell is the same. A picture given as an array counts by its shape and numbers, a
    file's name by the name alone. For `EncodedData` the tensors are hashed, pixels among them.
    """
    if isinstance(table, EncodedData):
        return _digest_encoded(table)
    frame = to_frame(table)
    found = hashlib.sha256(f"table {len(frame)}\n".encode())
    for name in frame.columns:
        _add(found, name.encode())
        _add(found, _column_bytes(frame[name]))
    return found.hexdigest()


def _add(found: Any, content: bytes) -> None:  # noqa: ANN401  (a hash object has no public type)
    found.update(len(content).to_bytes(8, "little") + content)


def _column_bytes(column: pd.Series[Any]) -> bytes:
    dtype = column.dtype
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype):
        return _number_bytes(column.to_numpy(dtype=np.float64, na_value=np.nan))
    cells = [_text(cell) for cell in column.tolist()]
    numbers = [np.nan if cell is None else _number(cell) for cell in cells]
    if None not in numbers:
        return _number_bytes(np.array(numbers, dtype=np.float64))
    parts = [b"-" if cell is None else b"+" + cell.encode("utf-8", "replace") for cell in cells]
    return b"text" + b"".join(len(p).to_bytes(8, "little") + p for p in parts)


def _number(cell: str) -> float | None:
    if _CODE.match(cell):  # 007 is a code and not the number 7, as in `csv_text`
        return None
    return np.nan if cell in ("nan", "NaN") else parse_number(cell)


def _text(cell: Any) -> str | None:  # noqa: ANN401  (any cell)
    if isinstance(cell, np.ndarray) and cell.dtype.kind in "biuf":
        content = hashlib.sha256(np.ascontiguousarray(cell, dtype="<f8").tobytes())
        return f"array {cell.shape} {content.hexdigest()}"
    if cell is None or (pd.api.types.is_scalar(cell) and pd.isna(cell)) or cell == "":
        return None
    return cell_text(cell)


def _number_bytes(values: np.ndarray[Any, np.dtype[np.float64]]) -> bytes:
    plain = values + 0.0  # -0.0 becomes 0.0
    plain[np.isnan(plain)] = np.nan  # one bit pattern for all of them
    return b"numbers" + plain.astype("<f8").tobytes()


def _digest_encoded(data: EncodedData) -> str:
    found = hashlib.sha256(f"encoded {data.n_rows}\n".encode())
    for group in (data.columns, data.observed):
        for name in sorted(group):
            array = group[name].numpy()
            _add(found, f"{name} {array.dtype} {array.shape}".encode())
            _add(found, np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
