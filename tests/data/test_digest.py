from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from causaldsl.data.binding import bind
from causaldsl.data.digest import digest
from causaldsl.data.tables import read_table, write_table
from causaldsl.vocabulary.domains import Real

FRAME = pd.DataFrame(
    {
        "x": [0.1 + 0.2, np.nan, -0.0],
        "n": [1, 2, 3],
        "s": ["NA", None, "c"],
        "b": [True, False, True],
        "k": ["007", "012", "1"],
        "d": ["1", "2", "3"],
    }
)


def test_equal_content_has_one_digest_in_every_format(tmp_path):
    write_table(FRAME, tmp_path / "t.csv")
    write_table(FRAME, tmp_path / "t.parquet")
    kinds = [
        FRAME,
        read_table(tmp_path / "t.csv"),
        read_table(tmp_path / "t.parquet"),
        pa.Table.from_pandas(FRAME),
        pl.from_pandas(FRAME),
        FRAME.astype({"s": "category", "n": "float32"}),
        FRAME.set_index(pd.Index([5, 6, 7])),
    ]
    assert len({digest(kind) for kind in kinds}) == 1


@pytest.mark.parametrize(
    "other",
    [
        FRAME.assign(n=[1, 2, 4]),
        FRAME.assign(s=["NA", "", None]),
        FRAME.assign(x=[0.3, np.nan, 0.0]),
        FRAME.assign(k=["7", "12", "1"]),
        FRAME.rename(columns={"n": "m"}),
        FRAME.iloc[::-1],
        FRAME[FRAME.columns[::-1]],
        FRAME.iloc[:2],
    ],
)
def test_other_content_has_another_digest(other):
    assert digest(other) != digest(FRAME)


def test_cells_cannot_run_into_each_other():
    assert digest({"a": ["x", "yz"]}) != digest({"a": ["xy", "z"]})


def test_encoded_rows_have_a_digest_of_their_own(spec, schema):
    wanted = schema(spec("g", Real()))
    found = [digest(bind({"g": [1.0, last], "z": [last, 1]}, wanted)) for last in (2.0, 2.0, 3.0)]
    assert found[0] == found[1] != found[2]
