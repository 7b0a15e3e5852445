from __future__ import annotations

import keyword
import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causaldsl.data.binding import bind
from causaldsl.data.quoting import identifiers, is_plain_name, level_text, quote
from causaldsl.data.schema import schema_of
from causaldsl.data.starter import starter_text
from causaldsl.datasets.registry import load
from causaldsl.diagnostics.model import DataError
from causaldsl.semantics.check import check
from causaldsl.semantics.model import Scm
from causaldsl.source import SourceFile
from causaldsl.syntax.parser import parse
from causaldsl.vocabulary.domains import Categorical

real_data = pytest.mark.skipif(
    "CAUSALDSL_DATA" not in os.environ, reason="CAUSALDSL_DATA names no folder of public data"
)


def checked(text: str) -> Scm:
    source = SourceFile(path="starter.scm", text=text)
    program, problems = parse(source)
    assert program is not None
    assert problems == (), text
    scm, found = check(program, source)
    assert [d for d in found if d.severity == "error"] == [], text
    assert scm is not None
    return scm


def declared(column: list, *, role: str = "observed") -> str:
    """Return the line that declares a column of these values, without its first two words."""
    options = {"observed": {}, "sensitive": {"sensitive": ["c"]}, "outcome": {"outcome": "c"}}
    text = starter_text(pd.DataFrame({"c": column}), **options[role])
    checked(text)
    lines = [line for line in text.splitlines() if line.startswith(f"{role} c")]
    return lines[0].split(" : ", 1)[1] if lines else text


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([0, 1, 1, 0], "binary"),
        ([True, False, True, True], "binary"),
        (["True", "False", "True", "True"], "binary"),
        ([1, 2, 2, 1], 'binary as {"1": 0, "2": 1}'),
        (["yes", "no", "no", "no"], 'binary as {"no": 0, "yes": 1}'),
        (["M", "F", "M", "M"], "{F, M}"),
        (["b", "a", "b", "c"], "{b, a, c}"),
        (["x y", "no", "from", "é"], '{"from", no, "x y", é}'),
        ([3, 0, 12, 7, 800], "count"),
        ([1.0, 2.0, 3.0, np.nan], "count"),
        ([-3, 0, 12, 7], "real"),
        ([0.5, -0.25, 2.5], "real"),
        ([0.5, 0.25, 2.5], "positive"),
        ([0.5, 0.25, 0.125], "unit"),
        ([0.5, 0.0, 2.5], "real"),
    ],
)
def test_domains_are_guessed_from_the_values(column, expected):
    assert declared(column) == expected


def test_a_sensitive_column_of_few_numbers_has_levels():
    assert declared([1, 2, 3, 3], role="sensitive") == '{"1", "2", "3"}'


def test_an_outcome_of_two_words_is_recoded_to_zero_and_one():
    line = declared([">50K", "<=50K", "<=50K"], role="outcome")
    assert line == 'binary as {"<=50K": 0, ">50K": 1}'


def test_a_rating_is_suggested_in_a_comment():
    text = starter_text({"c": [1, 2, 3, 4, 4]})
    assert '# perhaps a rating: {"1" < "2" < "3" < "4"}\nobserved c : count\n' in text


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ([f"person {i}" for i in range(60)], "60 different texts are too many levels"),
        (list(range(60)), "it counts the rows"),
        ([7] * 60, "it is 7 in every row"),
        (["same"] * 60, "it is the same in every row"),
        ([None] * 60, "no value at all"),
        (list(pd.date_range("2020", periods=60)), "dates and times"),
        ([np.inf, *range(59)], "infinite values"),
        (["a" * 200, "b", "c"] * 20, "free text"),
    ],
)
def test_columns_that_are_no_variables_are_left_out_with_the_reason(column, why):
    text = starter_text(pd.DataFrame({"c": column, "g": [0.5, -1.5] * 30}))
    assert f'# Left out:\n#   "c": {why}' in text
    assert list(checked(text).variables) == ["g"]


def test_an_outcome_is_never_left_out():
    people = [f"person {i}" for i in range(12)]
    scm = checked(starter_text({"c": people}, outcome="c"))
    assert scm.variables["c"].domain == Categorical(tuple(sorted(people)))
    assert declared([7, 7, 7], role="outcome") == "real"


def test_missing_values_become_a_policy_with_their_count():
    text = starter_text({"a": [1.5, np.nan, -2.0], "b": ["x", "y", None]})
    assert "# 2 of 3 rows lack a value: they are left out\nmissing drop\n" in text


def test_missing_values_of_a_left_out_column_set_no_policy():
    text = starter_text({"a": [1.5, 2.5, -2.0], "b": [None, None, None]})
    assert "missing drop" not in text


def test_names_are_made_safe_and_the_tables_own_stand_behind_from():
    table = {"education-num": [1, 2, 30], "from": [0.5, 2, 3], "1st": [0.5, 2, 3], "ok": [0, 1, 0]}
    text = starter_text(table)
    assert 'observed education_num : count from "education-num"\n' in text
    assert 'observed from_column : positive from "from"\n' in text
    assert 'observed x1st : positive from "1st"\n' in text
    assert "observed ok : binary\n" in text
    checked(text)


def test_an_unknown_sensitive_column_is_refused_with_a_near_name():
    with pytest.raises(DataError) as caught:
        starter_text({"race": ["a", "b"]}, sensitive=["rcae"], outcome="Y")
    found = caught.value.diagnostics
    assert [d.code for d in found] == ["CD507", "CD507"]
    assert found[0].hint == "did you mean `race`?"


def test_the_commented_arrows_are_right_once_uncommented():
    table = {"s": ["a", "b", "a"], "g": [0.5, -1, 2], "y": [1.5, -2, 3]}
    text = starter_text(table, sensitive=["s"], outcome="y", name="drawn")
    head, tail = text.split("# Next:")
    drawn = "\n".join(line.removeprefix("# ") for line in tail.splitlines()[1:])
    scm = checked(f"{head}\n{drawn}\n")
    assert scm.name == "drawn"
    assert set(scm.graph.edges) == {("U", "g"), ("U", "y"), ("s", "g"), ("g", "y")}


# --- hostile tables -------------------------------------------------------------------------

HOSTILE = [
    *('a"b', "x\ny", "__class__", "\u202ertl", "", "from", "E", "1x", "S'", "a\\", "é", "ª", "#c"),
    *(
        "x" * 500,
        "real",
        "a b",
        "a_b",
        "\x85",
        "\x00",
        "\ufeff",
        "\u2028",
        "\U0001d4b3",
        "😀",
        "a__b",
        "_",
    ),
    *("parents", "scm", "Unnamed: 0", "{", "}", "->", "e\u0301", "import os", "0", "-1", "\t", " "),
]


def test_hostile_column_names_give_a_file_that_checks_and_binds():
    names = [*HOSTILE, *keyword.kwlist]
    frame = pd.DataFrame({n: [i % 7, 8, 9 + i, 3, 900] for i, n in enumerate(dict.fromkeys(names))})
    scm = checked(starter_text(frame, sensitive=["__class__"], outcome='a"b', name="from"))
    data = bind(frame, schema_of(scm))
    assert len(data.columns) == len(frame.columns)


def test_hostile_levels_give_a_file_that_checks_and_binds():
    levels = [level for level in HOSTILE if level]
    frame = pd.DataFrame({"s": [*levels, *levels], "g": np.linspace(-1, 1, 2 * len(levels))})
    scm = checked(starter_text(frame, sensitive=["s"]))
    assert bind(frame, schema_of(scm)).n_rows == 2 * len(levels)


cells = st.one_of(
    st.text(max_size=5), st.integers(-5, 9), st.floats(allow_nan=True), st.booleans(), st.none()
)
names = st.text(max_size=8).filter(lambda name: name.isprintable() or name.isascii())


@settings(deadline=None, max_examples=80)
@given(st.dictionaries(names, st.lists(cells, min_size=6, max_size=6), min_size=1, max_size=5))
def test_any_table_gives_a_file_that_parses_and_checks(columns):
    frame = pd.DataFrame({n: pd.Series(c, dtype=object) for n, c in columns.items()})
    frame = frame.infer_objects()
    text = starter_text(frame, outcome=next(iter(columns)))
    checked(text)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(max_size=12), max_size=8, unique=True))
def test_identifiers_are_distinct_plain_names(texts):
    found = identifiers(texts)
    assert len(set(found)) == len(found) == len(texts)
    assert all(is_plain_name(name) for name in found)


def test_identifiers_keep_names_that_are_safe_already():
    assert identifiers(["a b", "a_b", "a-b"]) == ["a_b_2", "a_b", "a_b_3"]


def test_levels_are_quoted_where_they_are_no_plain_names():
    assert [level_text(x) for x in ("White", "a b", "from", "1", "")] == [
        *("White", '"a b"', '"from"', '"1"', '""')
    ]


def test_quotes_hide_nothing():
    assert quote('a"\\\n\t\r\u202e\x00') == '"a\\"\\\\\\n\\t\\r\\u202e\\u0000"'


# --- real tables ----------------------------------------------------------------------------


@real_data
@pytest.mark.parametrize(
    ("name", "sensitive", "outcome"),
    [
        ("law_school", ["race", "sex"], "ZFYA"),
        ("adult", ["race", "sex"], "income"),
        ("adult_binary", ["Sex"], "Income"),
        ("compas", ["race"], "two_year_recid"),
        ("communities", ["racepctblack"], "ViolentCrimesPerPop"),
        ("german", ["personal_status_sex"], "class"),
    ],
)
def test_a_public_set_binds_to_its_starter_file(name, sensitive, outcome):
    frame = load(name)
    scm = checked(starter_text(frame, sensitive=sensitive, outcome=outcome, name=name))
    data = bind(frame, schema_of(scm))
    assert data.n_rows + data.n_dropped == len(frame)


@real_data
def test_the_law_school_starter_names_its_levels():
    text = starter_text(load("law_school"), sensitive=["race"], outcome="ZFYA")
    levels = "White, Black, Asian, Hispanic, Mexican, Other, Puertorican, Amerindian"
    assert f"sensitive race : {{{levels}}}\n" in text
    assert "outcome ZFYA : real\n" in text
