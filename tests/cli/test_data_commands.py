"""``simulate``, ``init`` and ``data``: rows, starter files, public sets."""

import json
from pathlib import Path

import pandas as pd
import pytest

from causaldsl.datasets import registry
from tests.command_line import run

# --- simulate -------------------------------------------------------------------------------


def test_rows_go_to_standard_output_by_their_seed(numbered):
    done = run("simulate", numbered, "-n", 3, "--seed", 4)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0] == "group,G,Y"
    assert len(done.out.splitlines()) == 4
    assert run("simulate", numbered, "-n", 3, "--seed", 4).out == done.out


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.json"])
def test_rows_are_written_by_the_suffix(numbered, here, name):
    done = run("simulate", numbered, "-n", 5, "-o", name, "--worlds", "S=s'", "--latents")
    assert done.out == f"wrote {name}: 5 rows, 9 columns, seed 0\n"
    assert (here / name).stat().st_size > 0


def test_worlds_share_the_rows_own_noise(numbered, here):
    run("simulate", numbered, "-n", 50, "-o", "t.csv", "--worlds", "S=s'")
    rows = pd.read_csv(here / "t.csv")
    assert (rows["G[S=b-c]"] - rows["G[S=a]"]).to_numpy() == pytest.approx(1.0)
    own = rows["G[S=a]"].where(rows["group"] == "a", rows["G[S=b-c]"])
    assert own.to_numpy() == pytest.approx(rows["G"].to_numpy())


@pytest.mark.parametrize(
    "do", ["S=b-c", 'S="b-c"', "S <- b-c", "S=a, G=2", "G <- G + 1", "G ~ Normal(0, 1)"]
)
def test_rows_are_drawn_under_an_intervention(numbered, do):
    assert run("simulate", numbered, "-n", 2, "--do", do).code == 0


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--do", "S=z"], 5, "its levels are `a`, `b-c`"),
        (["--do", "S=A"], 5, "did you mean `a`"),
        (["--do", "Z=1"], 5, "no variable `Z`"),
        (["--do", "S=s'"], 5, "with `worlds`"),
        (["--do", "S=a", "--do", "S=a"], 5, "twice"),
        (["--do", "S="], 2, "CD024"),
        (["--do", ""], 2, "nothing is written"),
        (["--do", "G <- exp()"], 5, "it takes 1 input"),
        (["--do", "G <- S + 1"], 5, "`code(S)` is its position"),
        (["--do", "G ~ Normal(0, -1)"], 5, "its sd must be above 0"),
        (["--do", "G ~ Uniform(1, 0)"], 5, "below its high end"),
        (["--do", "G <- log(0 - 1)"], 5, "rows 1, 2, 3"),
        (["--worlds", "S=z"], 5, "--worlds:1:3"),
        (["--rows", "0"], 2, "--rows"),
        (["--rows", "-4"], 2, "--rows"),
        (["--rows", "many"], 2, "--rows"),
        (["--rows", "99999999999999"], 2, "--rows"),
        (["--seed", "-1"], 2, "--seed"),
        (["-o", "nowhere/t.csv"], 2, "no folder nowhere"),
        (["-o", "t.foo"], 2, ".csv, .parquet or .json"),
        (["-o", "d.csv"], 2, "is a folder"),
        (["-o", "numbered.scm"], 2, "end its name in"),
    ],
)
def test_a_wrong_simulation_is_refused(numbered, here, options, code, said):
    (here / "d.csv").mkdir()
    done = run("simulate", numbered, "-n", 3, *options)
    assert (done.code, done.out) == (code, ""), done.err
    assert said in done.err


def test_draws_that_overflow_are_refused(here):
    text = "scm m\nobserved N : count\nN ~ Poisson(exp(2000))\n"
    (here / "m.scm").write_text(text)
    done = run("simulate", "m.scm", "-n", 3)
    assert done.code != 0
    assert "CD" in done.err


def test_a_model_with_numbers_to_learn_wants_a_table(small):
    done = run("simulate", small)
    assert (done.code, "CD607" in done.err) == (2, True)


def test_a_fit_draws_rows_and_takes_no_settings(fit):
    done = run("simulate", fit, "-n", 2)
    assert done.out.startswith("group,G,Y\n")
    refused = run("simulate", fit, "--set", "pull=2")
    assert (refused.code, "changes nothing in a saved fit" in refused.err) == (2, True)


# --- init -----------------------------------------------------------------------------------


def test_a_starter_passes_its_check_and_is_formatted(table):
    done = run("init", "--data", table, "--sensitive", "group", "--outcome", "Y", "-o", "m.scm")
    assert done.code == 0
    assert "causaldsl check m.scm" in done.out
    assert run("check", "m.scm").code == 0
    assert run("fmt", "--check", "m.scm").code == 0


def test_a_starter_with_its_arrows_taken_as_proposed_is_fitted(table, here):
    run("init", "--data", table, "--sensitive", "group", "--outcome", "Y", "-o", "m.scm")
    words = ("# latent", "# U ->", "# group_column ->", "# G ->", "# predict")
    lines = [
        line.removeprefix("# ") if line.startswith(words) else line
        for line in (here / "m.scm").read_text().splitlines()
    ]
    (here / "m.scm").write_text("\n".join(lines) + "\n")
    assert run("check", "--strict", "m.scm").code == 0
    done = run("fit", "m.scm", "--data", table, "--epochs", "2", "--train", "passes=2", "-q")
    assert "after 2 epochs" in done.out


def test_a_starter_of_hostile_columns_still_passes(here):
    frame = pd.DataFrame(
        {
            "class": ["a", "b, c", 'd "q"'] * 10,
            "__class__": range(0, 60, 2),
            "x y": [0.5, 1.5, -2.0] * 10,
            "K'": [1, 0, 1] * 10,
            "E": [0.1, 0.2, 0.9] * 10,
            "größe": [3, 1, 4] * 10,
            "1st": ["yes", "no", "yes"] * 10,
            "with\nnewline": [0.25, 0.5, None] * 10,
        }
    )
    frame.to_csv(here / "h.csv", index=False)
    assert run("init", "--data", "h.csv", "--outcome", "1st", "-o", "h.scm").code == 0
    assert run("check", "h.scm").code == 0
    assert run("fmt", "--check", "h.scm").code == 0


def test_a_starter_is_not_written_over_a_file_without_force(table, here):
    (here / "m.scm").write_text("mine")
    done = run("init", "--data", table, "-o", "m.scm")
    assert (done.code, "--force" in done.err) == (2, True)
    assert (here / "m.scm").read_text() == "mine"
    assert run("init", "--data", table, "-o", "m.scm", "--force").code == 0


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--sensitive", "grup"], 4, "did you mean `group`"),
        (["--outcome", "y"], 4, "did you mean `Y`"),
        (["--sensitive", "Y", "--outcome", "Y"], 2, "both sensitive and the outcome"),
        (["-o", "nowhere/m.scm"], 2, "no folder nowhere"),
        (["-o", "t.csv", "--force"], 2, "would replace"),
    ],
)
def test_a_wrong_start_is_refused(table, options, code, said):
    done = run("init", "--data", table, *options)
    assert (done.code, said in done.err) == (code, True), done.err


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("none.csv", None, "CD501"),
        ("e.csv", b"", "CD506"),
        ("h.csv", b"a,b\n", "CD506"),
        ("b.csv", b"a\n\xff\xfe\n", "CD503"),
        ("s.csv", b"a;b\n1;2\n3;4\n", "CD509"),
        ("r.csv", b"a,b\n1,2,3\n", "CD504"),
        ("d.csv", b"a,a\n1,2\n", "CD505"),
        ("t.txt", b"a,b\n1,2\n", "CD502"),
        ("t.parquet", b"not parquet", "CD502"),
        ("t.csv.gz", b"not gzip", "CD502"),
    ],
)
def test_a_table_that_cannot_be_read_ends_with_4(here, name, content, code):
    if content is not None:
        (here / name).write_bytes(content)
    done = run("init", "--data", name)
    assert (done.code, code in done.err) == (4, True), done.err


# --- data -----------------------------------------------------------------------------------


def test_the_data_sets_are_listed():
    assert "law_school" in run("data").out


def test_an_unknown_data_set_ends_with_4():
    done = run("data", "law_schol")
    assert (done.code, "did you mean `law_school`" in done.err) == (4, True)


def test_a_set_with_a_loader_of_its_own_is_pointed_at_it():
    done = run("data", "celeba")
    said = " ".join(done.err.split())
    assert (done.code, "CD530" in said) == (4, True)
    assert "causaldsl.datasets.celeba.celeba(" in said
    assert "list_attr_celeba.txt" in said


def test_a_data_set_that_cannot_be_fetched_says_how_to_place_it(here, monkeypatch):
    monkeypatch.setenv("CAUSALDSL_DATA", str(here / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "cache"))
    done = run("data", "law_school", "--url", (here / "gone").as_uri(), "-q")
    assert done.code == 4
    assert "CAUSALDSL_DATA" in done.err
    assert "by hand" in done.err


def test_a_wrong_place_is_refused_before_anything_is_fetched():
    assert run("data", "law_school", "-o", "nowhere/l.csv").code == 2
    assert run("data", "law_school", "-o", "l.foo").code == 2


def test_json_rows_are_plain(numbered, here):
    run("simulate", numbered, "-n", 2, "-o", "t.json")
    rows = json.loads((here / "t.json").read_text())
    assert [set(row) for row in rows] == [{"group", "G", "Y"}] * 2


def test_drawn_scenes_need_no_download_and_are_written_with_their_pictures(here):
    done = run("data", "scenes", "-o", "scenes.csv")
    assert done.code == 0
    assert "nothing to fetch" in done.out
    assert "2,000 rows, 5 columns" in done.out
    rows = pd.read_csv(here / "scenes.csv")
    assert (here / rows["picture"].iloc[-1]).is_file()


@pytest.fixture
def repeated(monkeypatch):
    """Stand in for binarised Adult, whose published file repeats its last rows."""
    rows = pd.DataFrame({"a": range(6)})

    def load(name, part=None):
        return rows if part == "published" else rows[:4]

    monkeypatch.setattr(registry, "load", load)
    monkeypatch.setattr(registry, "path_of", lambda name: Path("folder"))


@pytest.mark.usefixtures("repeated")
def test_rows_that_a_public_set_leaves_out_are_said(here):
    done = run("data", "adult_binary", "-o", "t.csv")
    assert "wrote t.csv: 4 rows" in done.out
    assert "left out: the last 16,281 of the published file's 65,123 rows" in done.out
    assert "part: once; there are also `--part published` (65,123 rows)" in done.out


@pytest.mark.usefixtures("repeated")
def test_another_part_of_a_public_set_is_written_by_its_name(here):
    done = run("data", "adult_binary", "--part", "published", "-o", "t.csv")
    assert (done.code, len(pd.read_csv(here / "t.csv"))) == (0, 6)
    assert "left out" not in done.out


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--part", "twice", "-o", "t.csv"], "once, published"), (["--part", "once"], "give -o")],
)
@pytest.mark.usefixtures("repeated")
def test_a_part_that_there_is_none_of_or_that_is_not_written_is_refused(options, said):
    done = run("data", "adult_binary", *options)
    assert (done.code, said in done.err) == (2, True), done.err
