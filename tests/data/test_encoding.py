from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from causaldsl.data.binding import bind
from causaldsl.data.encoding import Encoding, plain_encoding
from causaldsl.data.schema import ColumnSpec, Schema
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

finite = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: x + 0.0)
words = st.text(min_size=1, max_size=6).filter(lambda t: t.strip().lower() not in ("nan",))


def of(*specs: ColumnSpec) -> Schema:
    return Schema(name="m", variables={s.variable: s for s in specs})


def one(domain, **rules) -> ColumnSpec:
    return ColumnSpec(variable="V", role=Role.OBSERVED, domain=domain, columns=("c",), **rules)


def columns() -> st.SearchStrategy[tuple[ColumnSpec, pd.Series]]:
    def of_levels(levels: list[str]):
        cells = st.lists(st.sampled_from(levels), min_size=2, max_size=8)
        kinds = st.sampled_from([Categorical(tuple(levels)), Ordered(tuple(levels))])
        return st.tuples(kinds, cells).map(
            lambda pair: (one(pair[0]), pd.Series(pair[1], dtype=object))
        )

    def of_recode(keys: list[str]):
        levels = tuple(f"L{i}" for i in range(len(keys)))
        spec = one(Categorical(levels), recode=dict(zip(keys, levels, strict=True)))
        cells = st.lists(st.sampled_from(keys), min_size=2, max_size=8)
        return cells.map(lambda found: (spec, pd.Series(found, dtype=object)))

    def of_numbers(domain, values, **rules):
        cells = st.lists(values, min_size=2, max_size=8)
        return cells.map(lambda found: (one(domain, **rules), pd.Series(found)))

    distinct = st.lists(words, min_size=2, max_size=5, unique=True)
    return st.one_of(
        distinct.flatmap(of_levels),
        distinct.flatmap(of_recode),
        of_numbers(Real(), finite),
        of_numbers(Real(), finite, transform="standardize"),
        of_numbers(Real(), st.floats(1e-3, 1e3), transform="log"),
        of_numbers(Positive(), st.floats(1e-6, 1e6)),
        of_numbers(UnitInterval(), st.floats(0.01, 0.99)),
        of_numbers(Count(), st.integers(0, 10**6)),
        of_numbers(Binary(), st.sampled_from([0, 1])),
        of_numbers(Binary(), st.booleans()),
        of_numbers(Binary(), st.sampled_from([1, 2]), recode={"1": "0", "2": "1"}),
        of_numbers(Real(), st.sampled_from([3, 7]), recode={"3": "0.5", "7": "-2"}),
    )


@settings(deadline=None, max_examples=300)
@given(columns())
def test_encode_then_decode_is_the_identity_on_the_users_column(pair):
    spec, cells = pair
    data = bind(pd.DataFrame({"c": cells}), of(spec))
    decoded = data.encoding.decode("V", data.columns["V"])
    assert data.encoding.is_invertible("V")
    if pd.api.types.is_float_dtype(cells.dtype):
        np.testing.assert_allclose(decoded, cells, rtol=1e-9, atol=1e-9)
    else:
        assert decoded.tolist() == cells.tolist()


@settings(deadline=None, max_examples=200)
@given(columns())
def test_decode_then_encode_is_the_identity_on_the_models_numbers(pair):
    spec, cells = pair
    data = bind(pd.DataFrame({"c": cells}), of(spec))
    table = data.encoding.decode_frame(data.columns)
    again = bind(table, of(spec), encoding=data.encoding, what="predict")
    torch.testing.assert_close(again.columns["V"], data.columns["V"], rtol=1e-9, atol=1e-9)


@settings(deadline=None, max_examples=200)
@given(columns())
def test_an_encoding_is_the_same_after_json(pair):
    spec, cells = pair
    encoding = bind(pd.DataFrame({"c": cells}), of(spec)).encoding
    again = Encoding.from_dict(json.loads(json.dumps(encoding.to_dict(), allow_nan=False)))
    assert again == encoding


def test_scales_are_mean_and_sd_of_numeric_columns_alone(spec, schema):
    table = {"g": [1.0, 2.0, 6.0], "n": [0, 3, 3], "b": [0, 1, 1], "s": ["a", "b", "a"]}
    wanted = schema(
        spec("g", Real()),
        spec("n", Count()),
        spec("b", Binary()),
        spec("s", Categorical(("a", "b"))),
    )
    encoding = bind(table, wanted).encoding
    scales = encoding.scales()
    assert set(scales) == {"g", "n"}
    assert scales["g"] == pytest.approx([3.0, np.std([1.0, 2.0, 6.0])])
    assert scales["n"] == pytest.approx([2.0, np.sqrt(2)])
    assert encoding.sds()["b"] == pytest.approx((np.std([0, 1, 1]),))
    assert encoding.levels() == {"s": ("a", "b")}


def test_a_constant_column_has_spread_one_and_sd_zero(spec, schema):
    encoding = bind(
        {"g": [0.1] * 3, "h": [1.0, 2.0, 3.0]}, schema(spec("g", Real()), spec("h", Real()))
    )
    assert encoding.encoding.scales()["g"] == [0.1, 1.0]
    assert encoding.encoding.sds()["g"] == (0.0,)


def test_a_standardised_column_has_scale_zero_and_one(spec, schema):
    data = bind({"g": [1.0, 3.0]}, schema(spec("g", Real(), transform="standardize")))
    assert data.encoding.scales() == {"g": [0.0, 1.0]}
    assert data.columns["g"].tolist() == [-1.0, 1.0]


def test_an_array_has_a_scale_for_each_cell(spec, schema):
    table = {"x1": [0.0, 2.0], "x2": [1.0, 1.0]}
    data = bind(table, schema(spec("x", Real(), "x1", "x2", size=2)))
    assert data.encoding.scales() == {"x": [[1.0, 1.0], [1.0, 1.0]]}
    assert data.encoding.decode_frame(data.columns).equals(pd.DataFrame(table))


def test_scales_come_from_the_rows_that_are_kept(spec, schema):
    wanted = schema(spec("s", Categorical(("a", "b")), otherwise="drop"), spec("g", Real()))
    data = bind({"s": ["a", "b", "z"], "g": [1.0, 3.0, 900.0]}, wanted)
    assert data.encoding.scales() == {"g": [2.0, 1.0]}


def test_floor_has_no_inverse_and_says_so(spec, schema):
    data = bind({"c": [1.5, 2.0]}, schema(spec("V", Count(), "c", transform="floor")))
    assert not data.encoding.is_invertible("V")
    assert "no inverse" in (data.encoding.caveat("V") or "")
    assert data.encoding.decode("V", data.columns["V"]).tolist() == [1, 2]


def test_merged_values_decode_to_the_models_word(spec, schema):
    recode = {"x": "A", "y": "A", "z": "B"}
    data = bind(
        {"c": ["x", "y", "z"]}, schema(spec("V", Categorical(("A", "B")), "c", recode=recode))
    )
    assert not data.encoding.is_invertible("V")
    assert "`x`, `y`" in (data.encoding.caveat("V") or "")
    assert data.encoding.decode("V", data.columns["V"]).tolist() == ["A", "A", "z"]


def test_labels_are_the_models_words(spec, schema):
    recode = {"1": "Female", "2": "Male"}
    data = bind(
        {"c": [2, 1]}, schema(spec("V", Categorical(("Female", "Male")), "c", recode=recode))
    )
    assert data.encoding.label("V", data.columns["V"]).tolist() == ["Male", "Female"]
    assert data.encoding.decode("V", data.columns["V"]).tolist() == [2, 1]


def test_draws_keep_their_leading_axis(spec, schema):
    data = bind({"s": ["a", "b"]}, schema(spec("s", Categorical(("a", "b")))))
    draws = torch.tensor([[0, 1], [1, 1], [0, 0]])
    assert data.encoding.decode("s", draws).tolist() == [["a", "b"], ["b", "b"], ["a", "a"]]


def test_a_plain_encoding_writes_what_its_file_reads(spec, schema):
    wanted = schema(
        spec("s", Categorical(("a", "b")), "race", recode={"1": "a", "2": "b"}),
        spec("y", Binary(), recode={"no": "0", "yes": "1"}),
        spec("x", Real(), "x7", "x9", size=3, is_range=True),
        spec("n", Count(), "LSAT", transform="floor"),
    )
    values = {
        "s": torch.tensor([1, 0]),
        "y": torch.tensor([0.0, 1.0]),
        "x": torch.tensor([[0.5, 1.5, 2.5], [3.5, 4.5, 5.5]]),
        "n": torch.tensor([3.0, 4.0]),
    }
    table = plain_encoding(wanted).decode_frame(values)
    assert list(table.columns) == ["race", "y", "x7", "x8", "x9", "LSAT"]
    assert table["race"].tolist() == [2, 1]
    data = bind(table, wanted)
    for name, expected in values.items():
        assert data.columns[name].tolist() == expected.tolist()


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("schema"),
        lambda d: d["statistics"].update(q=d["statistics"]["g"]),
        lambda d: d["statistics"]["g"].update(centre=["x"]),
        lambda d: d["statistics"]["g"].update(centre=[float("nan")]),
        lambda d: d["statistics"]["g"].update(centre=[1.0, 2.0]),
        lambda d: d["statistics"]["g"].update(kinds=["picture"]),
        lambda d: d.update(statistics=[]),
        lambda d: d["schema"]["variables"][0].update(domain={"kind": "magic"}),
        lambda d: d["schema"]["variables"][0].update(missing="maybe"),
        lambda d: d["schema"]["variables"][0].pop("columns"),
        lambda d: d["schema"]["variables"][0].update(role="king"),
    ],
)
def test_a_damaged_encoding_is_a_value_error(spec, schema, damage):
    values = bind({"g": [1.0, 2.0]}, schema(spec("g", Real()))).encoding.to_dict()
    damage(values)
    with pytest.raises(ValueError, match=r"."):
        Encoding.from_dict(values)
