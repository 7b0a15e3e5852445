from __future__ import annotations

import gzip
import json
import os
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pytest

from causaldsl.data.tables import read_table, to_frame, write_table
from causaldsl.diagnostics.model import DataError


def csv(tmp_path: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(path: object) -> tuple[str, str]:
    with pytest.raises(DataError) as caught:
        read_table(path)  # type: ignore[arg-type]
    (finding,) = caught.value.diagnostics
    return finding.code, finding.message


# --- what a CSV file says -------------------------------------------------------------------


@pytest.mark.parametrize("word", ["NA", "None", "null", "NULL", "no", "on", "N/A", "nan", "True"])
def test_words_that_other_readers_take_for_missing_stay_levels(tmp_path, word):
    frame = read_table(csv(tmp_path, f"a,b\n{word},1\nx,2\n"))
    assert frame["a"].tolist() == [word, "x"]


def test_an_empty_field_is_missing_in_a_text_column(tmp_path):
    frame = read_table(csv(tmp_path, "a,b\n,1\nx,2\n"))
    assert frame["a"].isna().tolist() == [True, False]


@pytest.mark.parametrize("word", ["", "NaN", "nan"])
def test_empty_and_nan_are_missing_in_a_numeric_column(tmp_path, word):
    frame = read_table(csv(tmp_path, f"a,b\n{word},1\n2.5,2\n"))
    assert frame["a"].dtype == np.float64
    assert np.isnan(frame["a"][0])
    assert frame["a"][1] == 2.5


def test_na_in_a_numeric_column_keeps_it_text(tmp_path):
    frame = read_table(csv(tmp_path, "a,b\nNA,1\n2.5,2\n"))
    assert frame["a"].tolist() == ["NA", "2.5"]


def test_whole_numbers_become_integers_and_signs_exponents_and_blanks_numbers(tmp_path):
    frame = read_table(csv(tmp_path, "i,f,g\n1,+1.5, 3\n-2,1e-3,.5\n"))
    assert frame["i"].dtype == np.int64
    assert frame["f"].tolist() == [1.5, 1e-3]
    assert frame["g"].tolist() == [3.0, 0.5]


@pytest.mark.parametrize("word", ["1_000", "0x1F", "1,5", "--1", "1e", "٣"])
def test_what_only_a_programmer_reads_as_a_number_is_text(tmp_path, word):
    frame = read_table(csv(tmp_path, f'a,b\n"{word}",1\n2,2\n'))
    assert frame["a"].tolist() == [word, "2"]


def test_a_leading_zero_makes_a_column_of_codes(tmp_path):
    frame = read_table(csv(tmp_path, "a,b\n007,0.5\n12,0\n"))
    assert frame["a"].tolist() == ["007", "12"]
    assert frame["b"].tolist() == [0.5, 0.0]


def test_infinities_are_read_as_such(tmp_path):
    frame = read_table(csv(tmp_path, "a,b\ninf,1\n-Infinity,2\n"))
    assert frame["a"].tolist() == [np.inf, -np.inf]


def test_integers_beyond_64_bits_become_floats(tmp_path):
    frame = read_table(csv(tmp_path, "a,b\n99999999999999999999,1\n1,2\n"))
    assert frame["a"].tolist() == [1e20, 1.0]


def test_an_all_empty_column_is_numeric_and_missing(tmp_path):
    frame = read_table(csv(tmp_path, "a,b\n,1\n,2\n"))
    assert frame["a"].isna().all()
    assert frame["a"].dtype == np.float64


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    frame = read_table(csv(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n"))
    assert list(frame.columns) == ["a", "b"]


def test_quotes_hold_commas_line_breaks_and_doubled_quotes(tmp_path):
    frame = read_table(csv(tmp_path, 'a,"b,\nc"\n"x,\ny","say ""hi"""\n1,2\n'))
    assert list(frame.columns) == ["a", "b,\nc"]
    assert frame.iloc[0].tolist() == ["x,\ny", 'say "hi"']


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(tmp_path, end):
    frame = read_table(csv(tmp_path, end.join(["a,b", "1,x", "2,y"]) + end))
    assert frame["b"].tolist() == ["x", "y"]


def test_blank_lines_are_no_rows(tmp_path):
    assert len(read_table(csv(tmp_path, "\na,b\n\n1,2\n\n3,4\n\n"))) == 2


def test_a_nameless_column_is_called_by_its_position(tmp_path):
    assert list(read_table(csv(tmp_path, ",a\n0,1\n")).columns) == ["Unnamed: 0", "a"]


def test_thousands_of_columns_are_read(tmp_path):
    names = [f"c{i}" for i in range(5000)]
    row = ",".join(str(i) for i in range(5000))
    frame = read_table(csv(tmp_path, ",".join(names) + f"\n{row}\n{row}\n"))
    assert frame.shape == (2, 5000)
    assert frame["c4999"].tolist() == [4999, 4999]


def test_a_gzipped_csv_and_a_tsv_are_read(tmp_path):
    packed = csv(tmp_path, gzip.compress(b"a,b\n1,x\n"), "t.csv.gz")
    tabs = csv(tmp_path, "a\tb\n1\tx\n", "t.tsv")
    assert read_table(packed).equals(read_table(tabs))


# --- what is refused ------------------------------------------------------------------------


def test_a_missing_file_is_refused(tmp_path):
    assert refused(tmp_path / "no.csv")[0] == "CD501"


def test_a_directory_is_refused(tmp_path):
    code, message = refused(tmp_path)
    assert code == "CD502"
    assert "directory" in message


@pytest.mark.parametrize("content", [b"", b"\n\n", b"  \n"])
def test_an_empty_file_is_refused(tmp_path, content):
    assert refused(csv(tmp_path, content))[0] == "CD506"


def test_a_header_without_rows_is_refused(tmp_path):
    code, message = refused(csv(tmp_path, "a,b\n"))
    assert code == "CD506"
    assert "no rows" in message


def test_bytes_that_are_no_utf8_are_refused_with_their_line(tmp_path):
    code, message = refused(csv(tmp_path, "a,b\nx,1\nJosé,2\n".encode("latin-1")))
    assert code == "CD503"
    assert "byte 0xe9 in line 3" in message


def test_ragged_rows_are_refused_with_their_numbers(tmp_path):
    path = csv(tmp_path, "a,b\n1,2\n3\n4,5,6\n7,8\n")
    with pytest.raises(DataError) as caught:
        read_table(path)
    (finding,) = caught.value.diagnostics
    assert finding.code == "CD504"
    assert "2 columns, but row 2 has 1 field, and 1 other row differ" in finding.message
    assert finding.place is not None
    assert finding.place.endswith("rows 2, 3")


def test_doubled_column_names_are_refused(tmp_path):
    code, message = refused(csv(tmp_path, "a,b,a\n1,2,3\n"))
    assert code == "CD505"
    assert "`a`" in message


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_named(tmp_path, separator):
    assert refused(csv(tmp_path, f"a{separator}b\n1{separator}2\n"))[0] == "CD509"


def test_a_quote_that_never_closes_is_refused(tmp_path):
    code, message = refused(csv(tmp_path, 'a,b\n1,"x\n2,y\n3,z\n'))
    assert code == "CD502"
    assert "never closed" in message


@pytest.mark.parametrize("name", ["t.parquet", "t.feather", "t.arrow", "t.csv.gz"])
def test_a_damaged_file_is_refused(tmp_path, name):
    assert refused(csv(tmp_path, b"PAR1 this is no table" * 9, name))[0] == "CD502"


def test_a_truncated_gzip_is_refused(tmp_path):
    content = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    assert refused(csv(tmp_path, content[:-20], "t.csv.gz"))[0] == "CD502"


def test_an_unknown_suffix_is_refused(tmp_path):
    assert refused(csv(tmp_path, "a\n1\n", "t.xlsx"))[0] == "CD502"


def test_hostile_names_are_escaped_in_messages(tmp_path):
    _, message = refused(csv(tmp_path, '"a\u202e\nb","a\u202e\nb"\n1,2\n'))
    assert "\u202e" not in message
    assert "\n" not in message


# --- other kinds of tables ------------------------------------------------------------------


FRAME = pd.DataFrame({"x": [1.5, 2.5, np.nan], "s": ["a", None, "c"], "n": [1, 2, 3]})


def test_every_kind_of_table_becomes_the_same_frame():
    arrow = pa.Table.from_pandas(FRAME)
    kinds = [
        FRAME,
        pl.from_arrow(arrow),
        pl.from_arrow(arrow).lazy(),
        arrow,
        arrow.to_batches()[0],
        {"x": FRAME["x"].to_numpy(), "s": ["a", None, "c"], "n": FRAME["n"]},
    ]
    for kind in kinds:
        frame = to_frame(kind)
        assert list(frame.columns) == ["x", "s", "n"]
        assert frame["s"].isna().tolist() == [False, True, False]
        assert frame["n"].tolist() == [1, 2, 3]
        np.testing.assert_array_equal(frame["x"], FRAME["x"])


def test_the_index_of_a_frame_is_left_behind():
    frame = to_frame(FRAME.set_index(pd.Index([7, 7, 9])))
    assert frame.index.tolist() == [0, 1, 2]


def test_the_users_frame_is_left_as_it_was():
    mine = pd.DataFrame({0: [1], 1: [2]}, index=[5])
    assert list(to_frame(mine).columns) == ["0", "1"]
    assert list(mine.columns) == [0, 1]
    assert mine.index.tolist() == [5]


@pytest.mark.parametrize("table", [3, None, [1, 2], {"a": "text"}])
def test_what_is_no_table_is_a_type_error(table):
    with pytest.raises(TypeError):
        to_frame(table)


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ({"a": [1, 2], "b": [1]}, "CD504"),
        ({}, "CD506"),
        (pd.DataFrame({"a": []}), "CD506"),
        (pl.DataFrame({"a": []}), "CD506"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "CD505"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "CD505"),
    ],
)
def test_impossible_tables_are_refused(table, code):
    with pytest.raises(DataError) as caught:
        to_frame(table)
    assert [d.code for d in caught.value.diagnostics] == [code]


# --- writing --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_what_is_written_is_read_back(tmp_path, name):
    frame = pd.DataFrame(
        {"x": [0.1 + 0.2, np.nan, 1e-300], "s": ["NA", None, 'q",\n'], "n": [1, 2, 3]}
    )
    write_table(frame, tmp_path / name)
    back = read_table(tmp_path / name)
    np.testing.assert_array_equal(back["x"], frame["x"])
    assert back["s"].isna().tolist() == [False, True, False]
    assert back["s"][0] == "NA"
    assert back["s"][2] == 'q",\n'


def test_feather_and_arrow_streams_are_read(tmp_path):
    table = pa.Table.from_pandas(FRAME)
    pa.feather.write_feather(table, str(tmp_path / "t.feather"))
    path = str(tmp_path / "t.arrow")
    with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)
    for name in ("t.feather", "t.arrow"):
        assert read_table(tmp_path / name)["n"].tolist() == [1, 2, 3]


def test_json_is_a_list_of_rows_with_nulls_and_every_digit(tmp_path):
    write_table(FRAME.assign(x=[0.1 + 0.2, 1.0, np.nan]), tmp_path / "t.json")
    rows = json.loads((tmp_path / "t.json").read_text())
    assert rows[0] == {"x": 0.1 + 0.2, "s": "a", "n": 1}
    assert rows[2]["x"] is None
    assert rows[1]["s"] is None


def test_json_refuses_infinities(tmp_path):
    with pytest.raises(DataError, match="CD524"):
        write_table(pd.DataFrame({"x": [np.inf]}), tmp_path / "t.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["t.xlsx", "t", "t.csv.gz"])
def test_an_unknown_suffix_is_not_written(tmp_path, name):
    with pytest.raises(DataError, match="CD524"):
        write_table(FRAME, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_is_not_written_to(tmp_path):
    with pytest.raises(DataError, match="CD524"):
        write_table(FRAME, tmp_path / "no" / "t.csv")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "t.json"
    write_table(FRAME, path)
    before = path.read_text()
    with pytest.raises(DataError):
        write_table(pd.DataFrame({"x": [np.inf]}), path)
    assert path.read_text() == before
    assert [p.name for p in tmp_path.iterdir()] == ["t.json"]


@pytest.mark.skipif(os.name != "posix", reason="file modes are a matter of POSIX")
def test_a_written_file_has_ordinary_permissions(tmp_path):
    write_table(FRAME, tmp_path / "t.csv")
    (tmp_path / "plain").write_text("")
    modes = [stat.S_IMODE((tmp_path / n).stat().st_mode) for n in ("t.csv", "plain")]
    assert modes[0] == modes[1]
