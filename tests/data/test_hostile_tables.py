"""Whatever the table holds, the answer is rows or a `DataError`, never another exception."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from causaldsl.data.binding import bind
from causaldsl.data.csv_text import parse_csv
from causaldsl.data.digest import digest
from causaldsl.data.schema import ColumnSpec, Schema
from causaldsl.data.starter import starter_text
from causaldsl.data.tables import to_frame
from causaldsl.diagnostics.model import DataError
from causaldsl.vocabulary.domains import (
    Binary,
    Categorical,
    Count,
    Ordered,
    Positive,
    Real,
    UnitInterval,
)
from causaldsl.vocabulary.roles import Role


def or_refused(act: Callable[[], object]) -> object:
    try:
        return act()
    except DataError as error:
        found = error.diagnostics
    assert found
    for finding in found:
        assert finding.code.startswith("CD5")
        assert finding.message.isprintable()
    return None


alphabet = st.sampled_from(
    [b",", b'"', b"\n", b"\r", b"a", b"1", b".", b" ", b"\xff", b"\x00", b"-"]
)


@settings(deadline=None, max_examples=400)
@given(st.one_of(st.binary(max_size=60), st.lists(alphabet, max_size=40).map(b"".join)))
@example(b"\xef\xbb\xbf")
@example(b"\xef\xbb\xbf\n\n")
@example(b'"')
@example(b'""\n""')
@example(b"\x00")
@example(b"a\n" + b'"' + b"x" * 200_000)
@example(b'"' + b"x" * 200_000)
def test_any_bytes_are_a_table_or_refused(content):
    frame = or_refused(lambda: parse_csv(content, "t.csv"))
    if frame is not None:
        assert isinstance(frame, pd.DataFrame)
        assert len(frame) > 0
        assert frame.columns.is_unique


cells = st.one_of(
    st.none(),
    st.text(max_size=4),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.complex_numbers(),
    st.dates(),
    st.fractions(),
    st.decimals(allow_nan=False),  # pandas itself fails on a signalling NaN
    st.just(Decimal("NaN")),
    st.binary(max_size=3),
    st.lists(st.integers(), max_size=2),
    st.sampled_from([10**400, pd.NaT, pd.NA, np.float32(1), np.int8(1), {"a": 1}, "0", "1", "a"]),
)
domains = st.sampled_from(
    [
        Real(),
        Positive(),
        UnitInterval(),
        Count(),
        Binary(),
        Categorical(("a", "1")),
        Ordered(("0", "1")),
    ]
)
transforms = st.sampled_from([None, "floor", "log", "round", "standardize"])
recodes = st.sampled_from([None, {"a": "1", "0": "0"}])


@settings(deadline=None, max_examples=300)
@given(
    st.lists(cells, min_size=1, max_size=6),
    domains,
    transforms,
    recodes,
    st.sampled_from(["error", "drop"]),
    st.sampled_from(["error", "drop", "latent"]),
)
def test_any_cells_bind_to_finite_numbers_or_are_refused(
    column, domain, transform, recode, otherwise, missing
):
    if isinstance(domain, Categorical | Ordered):
        transform = None
        recode = None if recode is None else {"a": domain.levels[0], "0": "1"}
    if isinstance(domain, Binary):
        transform = None  # no model has it: the checker refuses a transform of a binary
    spec = ColumnSpec(
        variable="V",
        role=Role.OBSERVED,
        domain=domain,
        columns=("c",),
        transform=transform,
        recode=recode,
        otherwise=otherwise,
        missing=missing,
    )
    frame = pd.DataFrame({"c": pd.Series(column, dtype=object)})
    data = or_refused(lambda: bind(frame, Schema(name="m", variables={"V": spec})))
    if data is not None:
        assert torch.isfinite(data.columns["V"].double()).all()
        assert np.isfinite(data.encoding.sds()["V"]).all()
        assert data.n_rows + data.n_dropped == len(frame)
        data.encoding.decode_frame(data.columns)


@settings(deadline=None, max_examples=200)
@given(st.lists(cells, min_size=1, max_size=6))
def test_any_cells_have_a_digest_and_a_starter_file(column):
    frame = pd.DataFrame({"c": pd.Series(column, dtype=object)})
    assert digest(frame) == digest(frame.copy())
    assert starter_text(frame).startswith("# A starting point")


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1], [2]]),
        pa.array([{"a": 1}, {"a": 2}]),
        pa.array([date(2020, 1, 1), None]),
        pa.array([b"x", b"y"]),
        pa.array([None, None]),
        pa.array([Decimal("1.5"), Decimal("2.5")]),
        pa.array(["a", "b"]).dictionary_encode(),
        pa.array(["a", "b"], pa.large_string()),
        pa.array([1, 2], pa.uint64()),
        pa.array([1.5, 2.5], pa.float32()),
    ],
)
def test_every_arrow_type_binds_or_is_refused(column):
    table = pa.table({"c": column})
    spec = ColumnSpec(variable="V", role=Role.OBSERVED, domain=Real(), columns=("c",))
    or_refused(lambda: bind(table, Schema(name="m", variables={"V": spec})))
    assert digest(table) == digest(to_frame(table))
    assert starter_text(table)


def test_fractions_and_huge_integers_are_numbers():
    column = pd.Series([Fraction(1, 2), Decimal("0.25"), 10**30], dtype=object)
    spec = ColumnSpec(variable="V", role=Role.OBSERVED, domain=Real(), columns=("c",))
    data = bind(pd.DataFrame({"c": column}), Schema(name="m", variables={"V": spec}))
    assert data.columns["V"].tolist() == [0.5, 0.25, 1e30]
