"""Tables from files and from other libraries' frames, and tables to files.

Everything the user hands over becomes one pandas frame here, with distinct text column names and
at least one row. Rows keep their order; an index is no column and is left behind.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import sys
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet

from causaldsl.data import findings
from causaldsl.data.csv_text import check_names, parse_csv
from causaldsl.data.images import is_picture, png_image
from causaldsl.diagnostics.model import DataError

#: How a file's name may end, for the message that refuses another.
READABLE = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".feather", ".arrow")
WRITABLE = (".csv", ".parquet", ".json")
#: Under this key of a frame's `attrs` stands the folder of the file that it was read from, which
#: names of picture files are relative to.
FOLDER = "causaldsl_folder"


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return the table in a CSV (also gzipped), TSV, Parquet, Feather or Arrow file.

    In CSV only an empty field is missing; see `causaldsl.data.csv_text`.

    Raises
    ------
    DataError
        CD501 to CD506 and CD509, naming the file, the row and the way out.
    """
    place = Path(path)
    _check_file(place)
    frame = _read(place, str(path))
    frame.attrs[FOLDER] = str(place.parent)
    return frame


def _read(place: Path, path: str) -> pd.DataFrame:
    name = place.name.lower()
    try:
        if name.endswith((".csv", ".csv.gz", ".tsv", ".tsv.gz")):
            separator = "\t" if ".tsv" in name[-7:] else ","
            return parse_csv(_content(place), path, separator)
        if name.endswith((".parquet", ".pq")):
            return _from_arrow(pa.parquet.ParquetFile(place).read(), path)
        if name.endswith((".feather", ".arrow", ".ipc")):
            return _from_arrow(_read_ipc(place), path)
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        why = str(error).split("\n")[0] or type(error).__name__
        raise DataError([findings.table_unreadable(path, why)]) from error
    finding = findings.table_unreadable(
        path, "its name does not say what it is", hint=f"name it {', '.join(READABLE)}"
    )
    raise DataError([finding])


def _check_file(place: Path) -> None:
    if place.is_dir():
        finding = findings.table_unreadable(
            str(place), "it is a directory", hint="name the file inside it"
        )
        raise DataError([finding])
    if not place.exists():
        raise DataError([findings.table_not_found(str(place))])
    if place.stat().st_size == 0 and place.is_file():
        raise DataError([findings.empty_table(str(place), header=False)])


def _content(place: Path) -> bytes:
    content = place.read_bytes()
    return gzip.decompress(content) if place.name.lower().endswith(".gz") else content


def _read_ipc(place: Path) -> pa.Table:
    try:
        return pa.feather.read_table(place)
    except pa.ArrowInvalid:  # Arrow's stream form has another magic number than its file form
        with pa.OSFile(str(place)) as source:
            return pa.ipc.open_stream(source).read_all()


def _from_arrow(table: pa.Table, path: str | None) -> pd.DataFrame:
    check_names(table.column_names)
    if table.num_rows == 0:
        raise DataError([findings.empty_table(path, header=table.num_columns > 0)])
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    return frame


def to_frame(table: object) -> pd.DataFrame:
    """Return a table as a pandas frame with text column names and the index 0, 1, ....

    Parameters
    ----------
    table
        A pandas or polars frame (also lazy), a pyarrow Table or RecordBatch, a mapping of column
        names to arrays, or the path of a file. Pictures are arrays ``(N, c, h, w)``,
        ``(N, h, w, c)`` or ``(N, h, w)``; in a frame each is one cell.

    Raises
    ------
    TypeError
        If it is none of these.
    DataError
        CD504 to CD506: arrays of different lengths, doubled names, no rows; CD508 for a column of
        several numbers a row; for a path, also what `read_table` raises.
    """
    if isinstance(table, str | os.PathLike):
        return read_table(table)
    if isinstance(table, pd.DataFrame):
        return _from_pandas(table)
    if isinstance(table, pa.RecordBatch):
        return _from_arrow(pa.Table.from_batches([table]), None)
    if isinstance(table, pa.Table):
        return _from_arrow(table, None)
    if _is_polars(table):
        return _from_polars(table)
    if isinstance(table, Mapping):
        return _from_mapping(table)
    raise TypeError(f"expected a table, got {type(table).__name__}")


def _from_pandas(frame: pd.DataFrame) -> pd.DataFrame:
    names = [_column_name(name) for name in frame.columns]
    check_names(names)
    if len(frame) == 0:
        raise DataError([findings.empty_table(None, header=bool(names))])
    plain = frame.reset_index(drop=True)
    plain.columns = pd.Index(names, dtype=object)
    return plain


def _column_name(name: object) -> str:
    return ".".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _is_polars(table: object) -> bool:
    polars = sys.modules.get("polars")  # who has such a frame has imported it
    return polars is not None and isinstance(table, polars.DataFrame | polars.LazyFrame)


def _from_polars(table: Any) -> pd.DataFrame:  # noqa: ANN401  (polars is no dependency)
    frame = table.collect() if hasattr(table, "collect") else table
    return _from_arrow(frame.to_arrow(), None)


def _from_mapping(table: Mapping[Any, Any]) -> pd.DataFrame:
    columns = {str(name): _as_column(str(name), values) for name, values in table.items()}
    check_names([str(name) for name in table])
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataError([findings.unequal_columns(lengths)])
    return _from_pandas(pd.DataFrame(columns))


def _as_column(name: str, values: Any) -> Any:  # noqa: ANN401  (anything with a length)
    if isinstance(values, str) or not hasattr(values, "__len__"):
        raise TypeError(f"expected an array for each column, and `{name}` is none")
    array = values if isinstance(values, list | pd.Series) else np.asarray(values)
    if isinstance(array, np.ndarray) and array.ndim in (3, 4):
        return list(array)  # a picture is one cell
    if isinstance(array, np.ndarray) and array.ndim != 1:
        raise DataError([findings.many_cells(name, array.shape)])
    return array.reset_index(drop=True) if isinstance(array, pd.Series) else array


# --- writing --------------------------------------------------------------------------------


def write_table(frame: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write a table as CSV, Parquet or JSON (a list of rows), by the file's suffix.

    Numbers keep every digit. A missing value is an empty field, a null. The file appears whole
    or not at all. Cells that are pictures (arrays of three dimensions) are first written as PNG
    files into a folder ``TABLE_COLUMN`` beside the table, which then holds their names.

    Raises
    ------
    DataError
        CD524 for another suffix, a place that cannot be written, or infinities in JSON.
    """
    place = Path(path)
    suffix = place.suffix.lower()
    if suffix not in WRITABLE:
        finding = findings.cannot_write(
            str(path), f"unknown suffix `{suffix}`", hint=f"name it {', '.join(WRITABLE)}"
        )
        raise DataError([finding])
    frame = _with_pictures_written(frame, place)
    with written_beside(place) as beside:
        if suffix == ".csv":
            frame.to_csv(beside, index=False, lineterminator="\n")
        elif suffix == ".parquet":
            frame.attrs = {}  # the folder that it came from is nobody else's concern
            pa.parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), beside)
        else:
            beside.write_text(_json_rows(frame, str(path)), encoding="utf-8")


def _with_pictures_written(frame: pd.DataFrame, place: Path) -> pd.DataFrame:
    frame = frame.copy(deep=False)
    for i, name in enumerate(frame.columns):
        column = frame.iloc[:, i]
        if not pd.api.types.is_object_dtype(column.dtype) or not any(map(is_picture, column)):
            continue
        folder = place.parent / re.sub(r"[^\w.-]", "_", f"{place.stem}_{name}")
        frame.isetitem(i, np.array(_write_pictures(column.tolist(), folder), dtype=object))
    return frame


def _write_pictures(cells: list[Any], folder: Path) -> list[str | None]:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise DataError([findings.cannot_write(str(folder), why.lower())]) from error
    names: list[str | None] = []
    for i, cell in enumerate(cells, start=1):
        names.append(f"{folder.name}/{i:06}.png" if is_picture(cell) else None)
        if is_picture(cell):
            with written_beside(folder / f"{i:06}.png") as beside:
                png_image(cell).save(beside, format="PNG")
    return names


@contextlib.contextmanager
def written_beside(place: Path) -> Iterator[Path]:
    """Give a fresh file in the same folder, renamed to `place` if nothing goes wrong."""
    beside: Path | None = None
    try:
        handle, text = tempfile.mkstemp(prefix=f".{place.name[:40]}.", dir=place.parent)
        os.close(handle)
        beside = Path(text)
        yield beside
        beside.chmod(0o666 & ~_umask())
        beside.replace(place)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise DataError([findings.cannot_write(str(place), why.lower())]) from error
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o022)  # there is no way to read it but to set it
    os.umask(mask)
    return mask


def _json_rows(frame: pd.DataFrame, path: str) -> str:
    columns = {str(name): [_json_cell(v) for v in frame[name].tolist()] for name in frame.columns}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    try:
        return json.dumps(rows, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    except ValueError as error:
        why = "JSON has no infinite numbers"
        hint = "write CSV or Parquet"
        raise DataError([findings.cannot_write(path, why, hint=hint)]) from error


def _json_cell(value: Any) -> Any:  # noqa: ANN401  (any cell)
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)
