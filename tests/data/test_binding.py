from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

from causaldsl.data.binding import bind
from causaldsl.data.encoding import Encoding
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

RACES = Categorical(("White", "Black", "Asian"))
NAN = np.nan


def test_levels_become_positions_and_numbers_float64(spec, schema):
    table = {"race": ["Black", "White", "Asian"], "g": [1, 2, 4]}
    data = bind(table, schema(spec("S", RACES, "race"), spec("g", Real())))
    assert data.columns["S"].tolist() == [1, 0, 2]
    assert data.columns["S"].dtype == torch.int64
    assert data.columns["g"].tolist() == [1.0, 2.0, 4.0]
    assert data.columns["g"].dtype == torch.float64
    assert data.n_rows == 3
    assert data.row_ids.tolist() == [0, 1, 2]


def test_every_kind_of_table_binds_alike(spec, schema):
    table = pd.DataFrame({"race": ["Black", "White", "Asian"], "g": [1.0, 2.0, 4.0]})
    wanted = schema(spec("S", RACES, "race"), spec("g", Real()))
    kinds = [table, table.astype({"race": "category"}), pl.from_pandas(table), pa.table(table)]
    for kind in kinds:
        data = bind(kind, wanted)
        assert data.columns["S"].tolist() == [1, 0, 2]
        assert data.columns["g"].tolist() == [1.0, 2.0, 4.0]


# --- leaving rows out -----------------------------------------------------------------------


def test_else_drop_leaves_rows_out_counts_them_and_keeps_their_numbers(spec, schema):
    table = {"race": ["White", "Other", "Black", "Hispanic", "Asian"], "g": [1, 2, 3, 4, 5]}
    data = bind(table, schema(spec("S", RACES, "race", otherwise="drop"), spec("g", Real())))
    assert data.columns["g"].tolist() == [1, 3, 5]
    assert dict(data.dropped) == {"value of `S` is not listed": 2}
    assert data.row_ids.tolist() == [0, 2, 4]
    assert data.row_numbers.tolist() == [1, 3, 5]
    assert data.n_dropped == 2


def test_missing_drop_leaves_rows_out_and_counts_them(spec, schema):
    table = {"a": [1.0, NAN, 3.0, NAN], "b": [1.0, 2.0, NAN, NAN]}
    rules = {"missing": "drop"}
    wanted = schema(spec("a", Real(), **rules), spec("b", Real(), **rules))
    data = bind(table, wanted, what="predict")
    assert data.columns["a"].tolist() == [1.0]
    # the last row lacks both: it is counted once, under the first reason
    assert dict(data.dropped) == {"`a` is missing": 2, "`b` is missing": 1}


def test_reasons_that_drop_nothing_are_counted_as_zero(spec, schema):
    data = bind({"a": [1.0, 2.0]}, schema(spec("a", Real(), missing="drop")))
    assert dict(data.dropped) == {"`a` is missing": 0}


def test_what_is_wrong_in_a_row_that_is_left_out_is_no_finding(spec, schema):
    table = {"race": ["White", "Other", "Black"], "g": ["1.5", "what", "2"]}
    data = bind(table, schema(spec("S", RACES, "race", otherwise="drop"), spec("g", Real())))
    assert data.columns["g"].tolist() == [1.5, 2.0]


def test_no_row_left_is_refused_with_the_counts(spec, findings_of):
    wanted = spec("S", Categorical(("white", "black")), "race", otherwise="drop")
    (finding,) = findings_of({"race": ["White", "Black"]}, wanted)
    assert finding.code == "CD517"
    assert finding.notes == ("2 rows: value of `S` is not listed",)


def test_missing_latent_gives_a_mask_and_a_placeholder_inside_the_domain(spec, schema):
    table = {
        "g": [2.0, NAN, 4.0],
        "s": ["b", None, "a"],
        "n": [1.0, NAN, 4.0],
        "u": [0.5, NAN, 0.7],
    }
    wanted = schema(
        spec("g", Positive(), missing="latent"),
        spec("s", Categorical(("a", "b")), missing="latent"),
        spec("n", Count(), missing="latent"),
        spec("u", UnitInterval(), missing="latent"),
    )
    data = bind(table, wanted)
    for name in wanted.variables:
        assert data.observed[name].tolist() == [True, False, True]
    assert data.columns["g"].tolist() == [2.0, 3.0, 4.0]
    assert data.columns["s"].tolist() == [1, 0, 0]
    assert data.columns["n"][1] == 2.0
    assert data.columns["u"][1] == pytest.approx(0.6)
    assert set(data.batch()) == {*"gsnu", "g__seen", "s__seen", "n__seen", "u__seen", "__row__"}


def test_a_latent_mask_is_there_even_when_nothing_is_missing(spec, schema):
    data = bind({"g": [2.0, 3.0]}, schema(spec("g", Real(), missing="latent")))
    assert data.observed["g"].all()


def test_statistics_leave_unseen_cells_aside(spec, schema):
    data = bind({"g": [2.0, NAN, 4.0]}, schema(spec("g", Real(), missing="latent")))
    assert data.encoding.scales() == {"g": [3.0, 1.0]}


def test_a_latent_column_without_a_value_is_refused(spec, findings_of):
    (finding,) = findings_of({"g": [NAN, NAN]}, spec("g", Real(), missing="latent"))
    assert finding.code == "CD511"
    assert "all 2 rows" in finding.message


# --- findings about columns -----------------------------------------------------------------


def test_an_unknown_column_is_refused_with_a_near_name(spec, findings_of):
    (finding,) = findings_of({"UGPA": [1, 2]}, spec("G", Real(), "ugpa"))
    assert finding.code == "CD507"
    assert finding.message == "the table has no column `ugpa`, which `G` is read from"
    assert finding.hint == "did you mean `UGPA`?"
    assert finding.notes == ("its columns are `UGPA`",)


def test_an_array_takes_its_columns_side_by_side(spec, schema):
    table = {"x2": [1, 0, 1], "x1": [0, 1, 1]}
    data = bind(table, schema(spec("x", Binary(), "x1", "x2", size=2)))
    assert data.columns["x"].tolist() == [[0, 1], [1, 0], [1, 1]]


def test_a_range_takes_the_columns_between_in_the_tables_order(spec, schema):
    table = {"a": [9, 9], "x1": [1, 2], "odd": [3, 4], "x3": [5, 6], "b": [9, 9]}
    wanted = schema(spec("x", Count(), "x1", "x3", is_range=True, size=3))
    data = bind(table, wanted)
    assert data.columns["x"].tolist() == [[1, 3, 5], [2, 4, 6]]
    assert data.encoding.columns_of("x") == ("x1", "odd", "x3")


def test_a_saved_encoding_takes_a_ranges_columns_by_name(spec, schema):
    wanted = schema(spec("x", Count(), "x1", "x3", is_range=True, size=3))
    trained = bind({"x1": [1, 2], "odd": [3, 4], "x3": [5, 6]}, wanted).encoding
    again = bind({"odd": [3], "x3": [5], "x1": [1]}, wanted, encoding=trained, what="predict")
    assert again.columns["x"].tolist() == [[1, 3, 5]]


@pytest.mark.parametrize(
    "rules", [{"size": 3}, {"size": 1}, {"size": 3, "is_range": True}, {"size": None}]
)
def test_an_array_with_another_number_of_columns_is_refused(spec, findings_of, rules):
    (finding,) = findings_of({"x1": [1, 2], "x2": [1, 2]}, spec("x", Real(), "x1", "x2", **rules))
    assert finding.code == "CD508"


def test_a_range_that_runs_backwards_is_refused(spec, findings_of):
    wanted = spec("x", Real(), "x2", "x1", size=2, is_range=True)
    (finding,) = findings_of({"x1": [1, 2], "x2": [1, 2]}, wanted)
    assert finding.code == "CD508"
    assert "no column" in finding.message


# --- findings about cells -------------------------------------------------------------------


def test_unseen_levels_are_counted_and_located(spec, findings_of):
    races = ["White", "Hispanic", "Other", "White", "Hispanic", "Asain"]
    (finding,) = findings_of({"race": races}, spec("S", RACES, "race"))
    assert finding.code == "CD510"
    assert finding.message == (
        "4 rows hold values that are no levels of `S`: `Hispanic` (2), `Asain` (1), `Other` (1)"
    )
    assert finding.place == "column `race`, rows 2, 3, 5, 6"
    assert "`Asain` resembles `Asian`" in finding.notes
    assert finding.hint is not None
    assert "else drop" in finding.hint


def test_long_lists_of_rows_and_values_are_cut_short(spec, findings_of):
    values = [f"v{i:02}" for i in range(40)]
    (finding,) = findings_of({"race": values}, spec("S", RACES, "race"))
    assert finding.message.endswith("and 35 more values")
    assert finding.place == "column `race`, rows 1, 2, 3, 4, 5 and 35 more"


def test_missing_values_are_counted_and_located(spec, findings_of):
    (finding,) = findings_of({"g": [1.0, NAN, 3.0, NAN]}, spec("g", Real()))
    assert finding.code == "CD511"
    assert finding.message == "`g` is missing in 2 of 4 rows"
    assert finding.place == "column `g`, rows 2, 4"


@pytest.mark.parametrize("empty", [None, NAN, pd.NA, pd.NaT])
def test_every_kind_of_empty_cell_is_missing(spec, findings_of, empty):
    column = pd.Series(["White", empty], dtype=object)
    (finding,) = findings_of(pd.DataFrame({"race": column}), spec("S", RACES, "race"))
    assert finding.code == "CD511"


def test_infinities_are_refused_whatever_missing_says(spec, findings_of):
    (finding,) = findings_of({"g": [1.0, np.inf, -np.inf]}, spec("g", Real(), missing="drop"))
    assert finding.code == "CD512"
    assert finding.place == "column `g`, rows 2, 3"


def test_text_in_a_numeric_column_is_refused_with_its_values(spec, findings_of):
    (finding,) = findings_of({"g": ["1", "two", "3", "n/a", "two"]}, spec("g", Real()))
    assert finding.code == "CD513"
    assert "`two` (2), `n/a` (1)" in finding.message
    assert finding.place == "column `g`, rows 2, 4, 5"


def test_dates_are_no_numbers(spec, findings_of):
    dates = pd.to_datetime(["2020-01-01", "2021-01-01"])
    (finding,) = findings_of(pd.DataFrame({"g": dates}), spec("g", Real()))
    assert finding.code == "CD513"


def test_lists_in_cells_are_no_numbers(spec, findings_of):
    (finding,) = findings_of(pd.DataFrame({"g": [[1], [2]]}), spec("g", Real()))
    assert finding.code == "CD513"


def test_numbers_of_every_kind_are_numbers(spec, schema):
    column = pd.Series([1, 2.5, "3", " 4.5 ", Decimal("5.25"), True, np.float32(7)], dtype=object)
    data = bind(pd.DataFrame({"g": column}), schema(spec("g", Real())))
    assert data.columns["g"].tolist() == [1, 2.5, 3, 4.5, 5.25, 1, 7]


def test_nullable_and_arrow_numbers_with_gaps_are_read(spec, schema):
    for dtype in ("Int64", "Float64", "int64[pyarrow]"):
        column = pd.Series([1, None, 3], dtype=dtype)
        data = bind(pd.DataFrame({"g": column}), schema(spec("g", Real(), missing="drop")))
        assert data.columns["g"].tolist() == [1.0, 3.0]


def test_fractional_counts_are_refused_with_floor_as_the_way_out(spec, findings_of):
    (finding,) = findings_of({"LSAT": [30.0, 30.5, 41.25]}, spec("L", Count(), "LSAT"))
    assert finding.code == "CD514"
    assert finding.message == "`L` is a count, but has fractions in 2 of 3 rows, such as 30.5"
    assert finding.hint == 'write `from floor("LSAT")`'


def test_floor_takes_the_fractions_away(spec, schema):
    data = bind({"LSAT": [30.0, 30.5]}, schema(spec("L", Count(), "LSAT", transform="floor")))
    assert data.columns["L"].tolist() == [30.0, 30.0]


@pytest.mark.parametrize(
    ("domain", "value"),
    [
        (Positive(), 0.0),
        (Positive(), -1.0),
        (Count(), -1.0),
        (UnitInterval(), 0.0),
        (UnitInterval(), 1.0),
        (UnitInterval(), 1.5),
    ],
)
def test_numbers_outside_the_domain_are_refused(spec, findings_of, domain, value):
    (finding,) = findings_of(
        {"g": [0.5 if domain == UnitInterval() else 2, value]}, spec("g", domain)
    )
    assert finding.code == "CD515"
    assert finding.place == "column `g`, row 2"
    assert f"{value:g}" in finding.message


def test_numbers_whose_squares_overflow_are_refused(spec, findings_of):
    (finding,) = findings_of({"g": [1.0, -1e200]}, spec("g", Real()))
    assert finding.code == "CD515"
    assert "-1e+200" in finding.message


def test_the_log_of_zero_is_refused(spec, findings_of):
    (finding,) = findings_of({"g": [1.0, 0.0]}, spec("g", Real(), transform="log"))
    assert finding.code == "CD515"


@pytest.mark.parametrize(
    "cells", [[0, 1], [0.0, 1.0], [False, True], ["0", "1"], ["False", "true"], ["0", 1]]
)
def test_binaries_are_zeros_and_ones_however_written(spec, schema, cells):
    column = pd.Series(cells, dtype=object if type(cells[0]) is not type(cells[1]) else None)
    data = bind(pd.DataFrame({"b": column}), schema(spec("b", Binary())))
    assert data.columns["b"].tolist() == [0.0, 1.0]
    assert data.columns["b"].dtype == torch.float64


def test_other_binaries_are_refused_with_the_recoding_to_write(spec, findings_of):
    (finding,) = findings_of({"sex": [1, 2, 2]}, spec("a", Binary(), "sex"))
    assert finding.code == "CD516"
    assert finding.hint == 'write `as {"1": 0, "2": 1}`'
    assert finding.place == "column `sex`, rows 2, 3"


def test_recoding_maps_text_and_numbers_by_what_they_say(spec, schema):
    text = spec("y", Binary(), "income", recode={"<=50K": "0", ">50K": "1", ">50K.": "1"})
    number = spec("a", Categorical(("Female", "Male")), "sex", recode={"1": "Female", "2": "Male"})
    code = spec("r", Real(), "race", recode={"White": "0", "Black": "1.5"})
    table = {
        "income": ["<=50K", ">50K", ">50K."],
        "sex": [2.0, 1.0, 2.0],
        "race": ["Black", "White", "White"],
    }
    data = bind(table, schema(text, number, code))
    assert data.columns["y"].tolist() == [0, 1, 1]
    assert data.columns["a"].tolist() == [1, 0, 1]
    assert data.columns["r"].tolist() == [1.5, 0, 0]


def test_a_value_that_recoding_does_not_list_is_refused_or_dropped(spec, schema, findings_of):
    rules = {"recode": {"White": "0", "Black": "1"}}
    table = {"race": ["White", "Black", "Other"]}
    (finding,) = findings_of(table, spec("r", Real(), "race", **rules))
    assert finding.code == "CD510"
    assert "not listed behind `as`" in finding.message
    kept = bind(table, schema(spec("r", Real(), "race", otherwise="drop", **rules)))
    assert kept.columns["r"].tolist() == [0.0, 1.0]


def test_numeric_levels_match_numeric_columns(spec, schema):
    levels = Ordered(("1", "2", "10"))
    data = bind({"n": [10.0, 1.0, 2.0]}, schema(spec("n", levels)))
    assert data.columns["n"].tolist() == [2, 0, 1]


def test_levels_are_matched_to_the_letter(spec, findings_of):
    (finding,) = findings_of({"race": [" White", "white"]}, spec("S", RACES, "race"))
    assert finding.code == "CD510"
    assert "`white` resembles `White`" in finding.notes


def test_a_mixed_column_of_levels_is_read_by_its_text(spec, schema):
    column = pd.Series(["a", 1, "1", 2.0], dtype=object)
    data = bind(pd.DataFrame({"m": column}), schema(spec("m", Categorical(("1", "a", "2")))))
    assert data.columns["m"].tolist() == [1, 0, 0, 2]


# --- findings together ----------------------------------------------------------------------


def test_all_findings_are_reported_at_once(spec, findings_of):
    table = {"a": [1.0, NAN, 2.0], "b": [0, 1, 2], "c": [1.5, 2, 3], "d": ["x", "y", "z"]}
    codes = [
        f.code
        for f in findings_of(
            table,
            spec("a", Real()),
            spec("b", Binary()),
            spec("c", Count()),
            spec("d", RACES),
            spec("e", Real()),
        )
    ]
    assert codes == ["CD507", "CD511", "CD516", "CD514", "CD510"]


def test_more_than_twenty_findings_are_counted(spec, findings_of):
    names = [f"v{i}" for i in range(30)]
    found = findings_of({name: [1.0, NAN] for name in names}, *(spec(n, Real()) for n in names))
    assert len(found) == 21
    assert found[-1].code == "CD523"
    assert "10 more findings" in found[-1].message


def test_one_row_is_too_few_to_fit_but_enough_to_ask_about(spec, schema, findings_of):
    (finding,) = findings_of({"g": [1.0]}, spec("g", Real()))
    assert finding.code == "CD519"
    assert bind({"g": [1.0]}, schema(spec("g", Real())), what="evidence").n_rows == 1


def test_a_constant_sensitive_variable_cannot_be_fitted(spec, schema, findings_of):
    wanted = spec("S", RACES, "race", role=Role.SENSITIVE)
    (finding,) = findings_of({"race": ["White", "White"]}, wanted)
    assert finding.code == "CD518"
    assert "`White` in all 2 rows" in finding.message
    assert bind({"race": ["White", "White"]}, schema(wanted), what="predict").n_rows == 2


def test_constant_columns_unused_levels_and_few_rows_are_warnings(spec, schema):
    table = {"g": [3, 3, 3], "race": ["White", "Asian", "White"], "h": [1, 2, 3]}
    wanted = schema(spec("g", Real()), spec("S", RACES, "race"), spec("h", Real()))
    found = bind(table, wanted).warnings
    assert [w.code for w in found] == ["CD520", "CD521", "CD522"]
    assert {w.severity for w in found} == {"warning"}
    assert "`3` in all 3 rows" in found[0].message
    assert "`Black` of `S` never occurs" in found[1].message
    assert bind(table, wanted, what="predict").warnings == ()


def test_an_empty_table_is_refused(spec, findings_of):
    (finding,) = findings_of(pd.DataFrame({"g": []}), spec("g", Real()))
    assert finding.code == "CD506"


# --- evidence sets and saved encodings ------------------------------------------------------


def test_only_required_variables_are_read(spec, schema):
    wanted = schema(spec("g", Real()), spec("y", Real(), role=Role.OUTCOME))
    data = bind({"g": [1.0, 2.0]}, wanted, require=("g",), what="predict")
    assert set(data.columns) == {"g"}


def test_optional_variables_are_read_where_the_table_has_them(spec, schema):
    wanted = schema(spec("g", Real()), spec("y", Real()))
    rules = {"require": ("g",), "optional": ("y",), "what": "predict"}
    assert set(bind({"g": [1.0]}, wanted, **rules).columns) == {"g"}
    assert set(bind({"g": [1.0], "y": [2.0]}, wanted, **rules).columns) == {"g", "y"}


def test_an_unknown_required_variable_is_a_value_error(spec, schema):
    with pytest.raises(ValueError, match="z"):
        bind({"g": [1.0]}, schema(spec("g", Real())), require=("z",))


def test_a_saved_encoding_is_reused_on_new_rows(spec, schema):
    wanted = schema(spec("g", Real(), transform="standardize"), spec("h", Real()))
    trained = bind({"g": [0.0, 2.0], "h": [0.0, 10.0]}, wanted)
    assert trained.columns["g"].tolist() == [-1.0, 1.0]
    saved = Encoding.from_dict(trained.encoding.to_dict())
    fresh = bind({"g": [3.0], "h": [7.0]}, wanted, encoding=saved, what="predict")
    assert fresh.columns["g"].tolist() == [2.0]
    assert fresh.encoding is saved


def test_an_encoding_that_lacks_a_variable_is_a_value_error(spec, schema):
    trained = bind({"g": [0.0, 2.0]}, schema(spec("g", Real()))).encoding
    wider = schema(spec("g", Real()), spec("h", Real()))
    with pytest.raises(ValueError, match="does not know h"):
        bind({"g": [3.0], "h": [7.0]}, wider, encoding=trained)


# --- what is handed on ----------------------------------------------------------------------


def test_a_batch_holds_the_asked_rows_and_their_indices(spec, schema):
    data = bind({"g": [1.0, 2.0, 3.0]}, schema(spec("g", Real())))
    batch = data.batch(torch.tensor([2, 0]))
    assert batch["g"].tolist() == [3.0, 1.0]
    assert batch["__row__"].tolist() == [2, 0]


def test_a_subset_keeps_the_users_row_numbers(spec, schema):
    data = bind(
        {"race": ["Other", "White", "Black"], "g": [1, 2, 3]},
        schema(spec("S", RACES, "race", otherwise="drop"), spec("g", Real())),
    )
    part = data.subset(torch.tensor([1]))
    assert part.row_numbers.tolist() == [3]
    assert part.columns["g"].tolist() == [3.0]
    assert part.n_rows == 1


def test_only_keeps_an_evidence_set(spec, schema):
    data = bind({"g": [1.0, 2.0], "h": [1.0, 2.0]}, schema(spec("g", Real()), spec("h", Real())))
    assert set(data.only(("h",)).columns) == {"h"}
