"""Rows of text fields to a frame, by the same rules as every CSV file that is read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import pandas as pd

from causaldsl.data.csv_text import parse_csv


def frame_of_rows(names: Sequence[str], rows: Iterable[Sequence[str]], path: str) -> pd.DataFrame:
    """Return the frame of text rows; an empty field is missing, columns of numbers are numeric."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return parse_csv(text.getvalue().encode(), path)


def known(field: str) -> str:
    """Return a field of a UCI file: without blanks around it, empty where it says ``?``."""
    plain = field.strip()
    return "" if plain == "?" else plain
