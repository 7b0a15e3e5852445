"""Adult, or Census Income (UCI 2).

The published files set four traps, all handled here: `adult.test` begins with a comment line, its
labels end with a dot (``>50K.``, so a comparison with the training labels makes every label 0), a
blank behind each comma hides the ``?`` of missing values, and both files end with a blank line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from causaldsl.datasets.dataset import DataFile, DataSet, github
from causaldsl.datasets.rows import frame_of_rows, known

COLUMNS = (
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
)
_FILES = MappingProxyType({"train": "adult.data", "test": "adult.test"})


def read(folder: Path, part: str) -> pd.DataFrame:
    """Return a part with 15 named columns; ``?`` is missing, income is ``<=50K`` or ``>50K``."""
    parts = tuple(_FILES) if part == "all" else (part,)
    rows = [row for name in parts for row in _rows(folder / _FILES[name])]
    return frame_of_rows(COLUMNS, rows, str(folder))


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines):
            if not row or row[0].startswith("|"):
                continue
            if row[0] == COLUMNS[0]:  # some copies put a header line in front
                continue
            *fields, income = (known(field) for field in row)
            yield [*fields, income.removesuffix(".")]


ADULT = DataSet(
    name="adult",
    folder="adult",
    title="Adult (Census Income)",
    files=(
        DataFile(
            name="adult.data",
            url=github(
                "jgorthi/Fairness-in-Machine-Learning",
                "50cb7551a9a4031237679a91e8fe3791d6bc4e01",
                "adult.data",
            ),
            sha256="5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
            n_bytes=3_974_305,
        ),
        DataFile(
            name="adult.test",
            url=github(
                "abdd68/counterfactual_fairness_2025",
                "0f5ed0d76739266e3caa3438514288fca119645b",
                "dataset/adult.test",
            ),
            sha256="a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
            n_bytes=2_003_153,
        ),
    ),
    parts=MappingProxyType({"train": 32_561, "test": 16_281, "all": 48_842}),
    read=read,
    citation="Becker and Kohavi (1996), Adult, UCI Machine Learning Repository, "
    "doi 10.24432/C5XW20",
    terms="CC BY 4.0",
    traps=(
        "`adult.test` begins with a comment line",
        "labels in `adult.test` end with a dot (`>50K.`)",
        "a blank behind each comma makes missing values ` ?`",
        "both files end with a blank line",
    ),
)
