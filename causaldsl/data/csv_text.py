"""CSV bytes to a table of exactly what the file says.

Only an empty field is missing. `NA`, `None`, `null`, `no` and `on` are text like any other, since
they may be levels. A column is numeric when every field that is not empty reads as a number;
``NaN`` and ``nan`` count as missing there and nowhere else. Fields with a leading zero (``007``)
are codes and keep their column text.
"""

from __future__ import annotations

import csv
import io
from collections import Counter

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from causaldsl.data import findings
from causaldsl.diagnostics.model import DataError

_INTEGER = r"^\s*[+-]?\d+\s*$"
_NUMBER = r"^\s*([+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i:inf|infinity))|nan|NaN)\s*$"
_CODE = r"^\s*[+-]?0\d"
_NOT_A_NUMBER = r"^\s*(nan|NaN)\s*$"
_BLOCK = 1 << 28


def parse_csv(content: bytes, path: str, separator: str = ",") -> pd.DataFrame:
    """Return the table that CSV bytes hold.

    A column without a name is called ``Unnamed: 0`` (its position from 0), as pandas does.

    Raises
    ------
    DataError
        CD503 to CD506 and CD509: no UTF-8, ragged rows, doubled names, no rows, no commas.
    """
    _check_text(content, path)
    names = _header(content, path, separator)
    table = _read_rows(content, path, separator, len(names))
    if table.num_rows == 0:
        raise DataError([findings.empty_table(path, header=True)])
    columns = [_typed(column.combine_chunks()) for column in table.columns]
    frame: pd.DataFrame = pa.table(columns, names=names).to_pandas()
    return frame


def _check_text(content: bytes, path: str) -> None:
    if not content.strip():
        raise DataError([findings.empty_table(path, header=False)])
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        finding = findings.table_not_utf8(path, line, content[error.start])
        raise DataError([finding]) from error


def _header(content: bytes, path: str, separator: str) -> list[str]:
    lines = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    try:
        first = next((row for row in csv.reader(lines, delimiter=separator) if row), [])
    except csv.Error as error:
        raise DataError([findings.table_unreadable(path, f"its first line: {error}")]) from error
    if len(first) == 1 and separator == ",":
        for other in (";", "\t"):
            if other in first[0]:
                raise DataError([findings.wrong_separator(path, other)])
    names = [name or f"Unnamed: {i}" for i, name in enumerate(first)]
    check_names(names)
    return names


def check_names(names: list[str]) -> None:
    """Refuse doubled column names."""
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        raise DataError([findings.duplicate_columns(doubled)])


def _read_rows(content: bytes, path: str, separator: str, width: int) -> pa.Table:
    ragged: list[tuple[int, int]] = []

    def note(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append((row.number - 1, row.actual_columns))  # the header is the reader's row 1
        return "skip"

    keys = [str(i) for i in range(width)]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(content),
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, column_names=keys, block_size=min(len(content) + 1, _BLOCK)
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(keys, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        raise DataError([findings.table_unreadable(path, str(error).split("\n")[0])]) from error
    if ragged:
        raise DataError([findings.ragged_rows(path, width, ragged)])
    _check_quotes(content, path, table)
    return table.slice(1)


def _check_quotes(content: bytes, path: str, table: pa.Table) -> None:
    last = [column[-1].as_py() or "" for column in table.columns] if table.num_rows else []
    if any("\n" in field for field in last) and content.count(b'"') % 2:
        raise DataError([findings.table_unreadable(path, "a quoted field is never closed")])


def _typed(column: pa.StringArray) -> pa.Array:
    def every(pattern: str) -> bool:
        return bool(pc.all(pc.match_substring_regex(column, pattern)).as_py() is not False)

    if not every(_NUMBER) or bool(pc.any(pc.match_substring_regex(column, _CODE)).as_py()):
        return column
    text = pc.utf8_trim_whitespace(column)
    if column.null_count == 0 and every(_INTEGER):
        try:
            return pc.cast(text.cast(pa.string()), pa.int64())
        except pa.ArrowInvalid:  # beyond 64 bits (or written with a plus sign): as a float
            pass
    plain = pc.replace_substring_regex(text, r"^\+", "")
    missing = pc.fill_null(pc.match_substring_regex(plain, _NOT_A_NUMBER), False)
    return pc.cast(pc.if_else(missing, pa.scalar(None, pa.string()), plain), pa.float64())
