"""``pictures`` from the command line: the sheet, single files, the judgement, refusals."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from causaldsl.bench import scenes as judging
from causaldsl.data.tables import write_table
from causaldsl.datasets.scenes import scenes
from tests.command_line import run

TEXT = """scm small
sensitive a : binary
outcome   x : image[3, 8, 8] from "picture"
latent    u[3]
u, a -> x
x ~ deconv(parents; channels=[6], hidden=[8])
guide u ~ Normal(conv(x, a; channels=[4], hidden=[8]))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    drawn = scenes(14, seed=1, size=8)
    table = {**drawn.table(), "picture": list(drawn.images), "other": list(drawn.counterfactual)}
    write_table(pd.DataFrame(table), folder / "rows.csv")
    (folder / "small.scm").write_text(TEXT)
    done = run(
        "fit", folder / "small.scm", "--data", folder / "rows.csv", "--epochs", 1,
        "--train", "passes=2", "-o", folder / "small.fit", "-q",
    )  # fmt: skip
    assert done.code == 5, done.err  # one epoch settles nothing
    return folder


@pytest.fixture
def asked(made):
    return made / "small.fit", "--data", made / "rows.csv", "--do", "a=a'"


def test_a_sheet_is_written_and_what_it_rests_on_is_printed(asked, here):
    done = run("pictures", *asked, "-o", "sheet.png", "--rows", 3, "-q")
    assert done.code == 5
    assert "`encoder`" in done.out
    assert "wrote sheet.png: 3 rows" in done.out
    assert (here / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_the_truth_adds_a_column_to_the_sheet(asked, here):
    assert "wrote" in run("pictures", *asked, "-o", "plain.png", "-q").out
    assert "wrote" in run("pictures", *asked, "-o", "true.png", "--truth", "other", "-q").out
    assert (here / "plain.png").read_bytes() != (here / "true.png").read_bytes()


def test_every_picture_is_written_beside_a_table(asked, here):
    done = run("pictures", *asked, "--images", "made", "--draws", 2, "-q")
    assert "wrote made/pictures.csv: 14 pictures" in done.out
    frame = pd.read_csv(here / "made" / "pictures.csv")
    assert len(frame) == 14
    assert all((here / "made" / name).is_file() for name in frame["x"])


def test_the_first_rows_alone_are_written_where_a_number_is_given(asked, here):
    done = run("pictures", *asked, "--images", "made", "--rows", 4, "-q")
    assert "wrote made/pictures.csv: 4 pictures" in done.out
    assert pd.read_csv(here / "made" / "pictures.csv")["row"].tolist() == [1, 2, 3, 4]


def test_a_column_of_the_truth_that_is_not_there_is_named_as_the_truth(asked):
    done = run("pictures", *asked, "-o", "s.png", "--truth", "othr", "-q")
    assert done.code == 4
    assert "no column `othr`, named by `--truth`" in done.err
    assert "did you mean `other`" in done.err


def test_a_fit_is_judged_on_drawn_scenes(made, here, monkeypatch):
    few = replace(judging.SCENES, parts={"train": 40, "test": 12})
    monkeypatch.setattr(judging, "SCENES", few)
    done = run("pictures", made / "small.fit", "--judge", "-o", "judged.json", "-q")
    assert done.code == 5
    assert "12 scenes under do(a = 1 - a)" in done.out
    assert json.loads((here / "judged.json").read_text())["n_rows"] == 12
    done = run("pictures", made / "small.fit", "--judge", "-o", "sheet.png", "--rows", 2, "-q")
    assert "wrote sheet.png: 2 rows" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "sheet.png"], "--data"),
        (["--data", "{rows}", "-o", "sheet.png"], "--do"),
        (["--data", "{rows}", "--do", "a=a'"], "-o SHEET.png"),
        (["--data", "{rows}", "--do", "a=a'", "-o", "sheet.csv"], ".png"),
        (["--data", "{rows}", "--do", "a=a'", "-o", "s.png", "--draws", "0"], "--draws"),
        (["--judge", "--do", "a=a'"], "--judge"),
        (["--judge", "-o", "sheet.csv"], "end its name"),
        (["--judge", "--data", "{rows}"], "--data changes nothing with a saved fit"),
        (["--judge", "--rows", "3"], "--rows changes nothing with --judge"),
        (["--judge", "--rows", "3", "-o", "j.json"], "--rows changes nothing with --judge"),
        (["--data", "{rows}", "--do", "a=a'", "-o", "s.png", "--rows", "100000"], "at most 200"),
        (["--data", "{rows}", "--do", "a=a'", "--images", "no/folder/x"], "--images no/folder/x"),
        (["--data", "{rows}", "--do", "a=a'", "--images", "no/folder"], "no folder"),
    ],
)
def test_a_wrong_command_line_is_told_before_any_work(made, words, said):
    words = [word.format(rows=made / "rows.csv") for word in words]
    done = run("pictures", made / "small.fit", *words, "-q")
    assert done.code == 2
    assert said in done.err


def test_a_question_without_pictures_is_refused(made, fit, table):
    done = run("pictures", fit, "--data", table, "--do", "S=s'", "-o", "sheet.png", "-q")
    assert done.code == 5
    assert "CD748" in done.err
    done = run(
        "pictures", made / "small.fit", "--data", made / "rows.csv", "--do", "x=1", "-o", "s.png",
        "-q",
    )  # fmt: skip
    assert "CD715" in done.err
    done = run("pictures", fit, "--judge", "-q")
    assert "CD748" in done.err
