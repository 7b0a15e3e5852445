"""``fit``, ``counterfactual``, ``query``, ``predict``, ``audit`` and ``compare``."""

import json
import signal
import threading
import time
import zipfile

import numpy as np
import pandas as pd
import pytest

from tests.command_line import QUICK, run


def weights(path):
    with zipfile.ZipFile(path) as archive:
        return archive.read("weights.safetensors")


# --- fit ------------------------------------------------------------------------------------


def test_a_fit_that_has_not_converged_says_so_and_ends_with_5(small, table, here):
    done = run("fit", small, "--data", table, *QUICK, "-o", "f.fit", "-q")
    assert done.code == 5
    assert done.out.startswith("small: NOT converged after 3 epochs")
    assert done.out.endswith("wrote f.fit\n")
    assert "warning[CD620]" in done.err
    assert (here / "f.fit").exists()


def test_the_summary_fits_a_terminal(small, table):
    done = run("fit", small, "--data", table, *QUICK, "-q")
    assert max(map(len, done.out.splitlines())) <= 80


def test_quiet_says_nothing_about_progress(small, table):
    done = run("fit", small, "--data", table, *QUICK, "-q")
    assert "fit:" not in done.err


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--epochs", "0"], 2, "expected a whole number from 1"),
        (["--epochs", "many"], 2, "--epochs"),
        (["--batch-size", "x"], 2, "or `all`"),
        (["--learning-rate", "nan"], 2, "above 0"),
        (["--validation", "2"], 2, "from 0 to 0.9"),
        (["--seed", "-1"], 2, "from 0"),
        (["--method", "magic"], 2, "svi or nuts"),
        (["--method", "nuts"], 5, "CD650"),
        (["--train", "epochs"], 2, "WORD=VALUE"),
        (["--train", "epochs="], 2, "WORD=VALUE"),
        (["--train", "=3"], 2, "WORD=VALUE"),
        (["--train", "epoch=3"], 2, "did you mean `epochs`"),
        (["--train", "magic=3"], 2, "no word `magic`"),
        (["--train", "epochs=3", "--epochs", "4"], 2, "given twice"),
        (["--train", "epochs=3", "--train", "epochs=4"], 2, "twice"),
        (["--set", "pul=3"], 2, "did you mean `pull`"),
        (["--resume", "none.ckpt"], 5, "CD640"),
        (["--resume", "t.csv"], 5, "CD640"),
        (["--checkpoint", "nowhere/c"], 2, "no folder nowhere"),
        (["--checkpoint", "t.csv"], 2, "would replace"),
        (["-o", "nowhere/f.fit"], 2, "no folder nowhere"),
        (["-o", "d.fit"], 2, "is a folder"),
        (["-o", "t.csv"], 2, "would replace"),
        (["-o", "f.csv"], 2, "name it .fit"),
        (["--nope"], 2, "No such option"),
    ],
)
def test_a_wrong_fit_is_refused(small, table, here, options, code, said):
    (here / "d.fit").mkdir()
    done = run("fit", small, "--data", table, "-q", *options)
    assert (done.code, said in done.err) == (code, True), done.err


def test_a_wrong_word_of_the_files_own_train_line_is_a_mistake_of_the_model(here, table):
    text = 'scm m\nsensitive S : {a, "b-c"} from "group"\noutcome Y : real\nS -> Y\n'
    (here / "m.scm").write_text(text + "train epochs=2, schedule=cosine, milestones=[1]\n")
    done = run("fit", "m.scm", "--data", table, "-q")
    assert done.code == 3, done.err


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: f.drop(columns="G"), "CD507"),
        (lambda f: f.assign(G=np.nan), "CD511"),
        (lambda f: f.assign(G=[np.inf, *f["G"][1:]]), "CD512"),
        (lambda f: f.assign(G="x"), "CD513"),
        (lambda f: f.assign(group=["z", *f["group"][1:]]), "CD510"),
        (lambda f: f.assign(group="a"), "CD518"),
        (lambda f: f.head(1), "CD519"),
    ],
)
def test_a_table_that_does_not_fit_the_model_ends_with_4(small, table, change, code):
    change(pd.read_csv(table)).to_csv("w.csv", index=False)
    done = run("fit", small, "--data", "w.csv", "-q")
    assert (done.code, code in done.err) == (4, True), done.err


def test_a_resumed_fit_equals_the_straight_one_bit_for_bit(small, table):
    options = ("fit", small, "--data", table, "--epochs", "6", "--train", "passes=2", "-q")
    run(*options, "-o", "straight.fit")
    with _ctrl_c_after("r.ckpt"):
        run(*options, "--train", "checkpoint_seconds=0", "--checkpoint", "r.ckpt", "-o", "part.fit")
    done = run(*options, "--resume", "r.ckpt", "-o", "resumed.fit")
    assert "after 6 epochs" in done.out
    assert weights("resumed.fit") == weights("straight.fit")


def test_a_checkpoint_of_another_run_is_refused(small, table):
    options = ("fit", small, "--data", table, *QUICK, "-q")
    run(*options, "--checkpoint", "c.ckpt")
    done = run(*options, "--seed", "5", "--resume", "c.ckpt")
    assert (done.code, "CD641" in done.err) == (5, True)


class _ctrl_c_after:  # noqa: N801 - reads as what it does
    """Press Ctrl-C as soon as a file is there."""

    def __init__(self, name):
        self.name = name
        self.thread = threading.Thread(target=self._press)

    def _press(self):
        from pathlib import Path

        for _ in range(2000):
            if Path(self.name).exists():
                signal.raise_signal(signal.SIGINT)
                return
            time.sleep(0.005)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.thread.join()


def test_ctrl_c_keeps_what_there_is_and_ends_with_5(small, table):
    with _ctrl_c_after("c.ckpt"):
        done = run(
            "fit", small, "--data", table, "--epochs", "100000", "-o", "i.fit",
            "--checkpoint", "c.ckpt", "--train", "checkpoint_seconds=0",
        )  # fmt: skip
    assert done.code == 5
    assert "INTERRUPTED" in done.out
    assert "wrote i.fit" in done.out
    assert "stopping" in done.err
    assert "--resume c.ckpt" in done.err
    assert run("predict", "i.fit", "--data", table).code == 5


# --- counterfactual -------------------------------------------------------------------------


def test_counterfactuals_print_what_they_rest_on_and_a_summary(fit, table):
    done = run("counterfactual", fit, "--data", table, "--do", "S=b-c", "--draws", "5", "-q")
    assert done.code == 5, done.err
    for word in ("evidence", "engine", "coupling", "assumed", "V_sd", "S=b-c: 60 rows"):
        assert word in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    assert "carries these findings" in done.err


@pytest.mark.parametrize("name", ["c.csv", "c.parquet", "c.json"])
def test_counterfactuals_are_written_by_the_suffix(fit, table, here, name):
    done = run("counterfactual", fit, "--data", table, "--do", "S=s'", "-o", name, "-q")
    assert f"wrote {name}: 60 rows" in done.out
    assert (here / name).exists()


def test_a_numbered_file_answers_without_a_fit_and_ends_with_0(numbered, table, here):
    done = run(
        "counterfactual", numbered, "--data", table, "--do", "S=s'", "--do", "Y <- Y + 1",
        "-o", "c.csv",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "nothing was fitted" in done.out
    answers, rows = pd.read_csv(here / "c.csv"), pd.read_csv(here / "t.csv")
    assert list(answers.columns[:3]) == ["row", "world", "S"]
    step = np.where(rows["group"] == "a", 1.0, -1.0)
    assert (answers["G"] - rows["G"]).to_numpy() == pytest.approx(step)
    assert (answers["Y"] - rows["Y"]).to_numpy() == pytest.approx(np.ones(60))


def test_a_model_is_fitted_first_and_says_so(small, table):
    done = run(
        "counterfactual", small, "--data", table, "--do", "S=a", "--train", "epochs=2",
        "--train", "passes=2", "--evidence", "S,G", "-q",
    )  # fmt: skip
    assert "it was fitted first" in done.out
    assert "evidence     S, G\n" in done.out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--do", "S=z"], 5, "its levels are"),
        (["--do", "T=1"], 5, "no variable `T`"),
        (["--do", "g=1"], 5, "did you mean `G`"),
        (["--do", "S=a", "--evidence", "S,g"], 5, "did you mean `G`"),
        (["--do", "S=a", "--evidence", "K"], 5, "unobserved"),
        (["--do", "S=a", "--evidence", ","], 2, "--evidence"),
        (["--do", "S=s'", "--evidence", "G"], 5, "add `S` to the evidence"),
        (["--do", "S=a along S -> G"], 5, "CD716"),
        (["--do", "S=a", "--draws", "0"], 2, "--draws"),
        (["--do", "S=a", "--draws", "-3"], 2, "--draws"),
        (["--do", "S=a", "--engine", "magic"], 2, "no engine `magic`"),
        (["--do", "S=a", "--as", "magic"], 2, "posterior"),
        (["--do", "S=a", "--set", "pull=2"], 2, "changes nothing in a saved fit"),
        (["--do", "S=a", "--train", "epochs=2"], 2, "changes nothing in a saved fit"),
        (["--do", "S=a", "-o", "t.csv"], 2, "would replace"),
        (["--do", "S=a", "-o", "c.foo"], 2, ".csv, .parquet or .json"),
        ([], 2, "--do"),
    ],
)
def test_a_wrong_question_is_refused(fit, table, options, code, said):
    done = run("counterfactual", fit, "--data", table, "-q", *options)
    assert (done.code, said in done.err) == (code, True), done.err
    assert done.out == ""


# --- query ----------------------------------------------------------------------------------


def test_queries_are_answered_with_their_interval_and_assumptions(numbered):
    done = run("query", numbered, "-n", "2000")
    assert done.code == 0
    assert 'gap = E[Y[S <- a]] - E[Y[S <- "b-c"]]' in done.out
    assert "estimate  -2.000" in done.out
    assert "assumed" in done.out
    answer = json.loads(run("query", numbered, "gap", "--json", "-n", "2000").out)["gap"]
    assert answer["estimate"] == pytest.approx(-2.0)
    low, high = answer["interval"]
    assert low <= answer["estimate"] <= high


def test_a_coupling_is_named_where_worlds_meet_in_one_row(here):
    text = (
        "scm m\nobserved a : binary\nobserved b : real\na -> b\na ~ Bernoulli(0.5)\n"
        "b ~ Normal(a, 1)\nquery ett = E[b[a <- 0] - b | a = 1]\nquery ate = E[b[a <- 1]]\n"
    )
    (here / "m.scm").write_text(text)
    said = " ".join(run("query", "m.scm", "ett", "-n", "1000").out.split())
    assert "additive coupling" in said
    assert "coupling" not in run("query", "m.scm", "ate", "-n", "1000").out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["numbered.scm", "gab"], 2, "did you mean `gap`"),
        (["numbered.scm", "-n", "5"], 2, "--rows"),
        (["small.scm"], 2, "CD607"),
        (["none.scm"], 3, "CD001"),
    ],
)
def test_a_wrong_query_is_refused(small, numbered, arguments, code, said):
    done = run("query", *arguments)
    assert (done.code, said in done.err) == (code, True), done.err


# --- predict, audit, compare ----------------------------------------------------------------


def test_predictions_may_be_asked_for_quietly(fit, table):
    plain, quiet = (run("predict", fit, "--data", table, *q) for q in ((), ("--quiet",)))
    assert (plain.code, plain.out) == (quiet.code, quiet.out)
    assert plain.out


def test_predictions_do_not_need_the_outcome(fit, table):
    pd.read_csv(table).drop(columns="Y").to_csv("x.csv", index=False)
    done = run("predict", fit, "--data", "x.csv")
    assert done.out.splitlines()[0] == "row,Y from K"
    assert len(done.out.splitlines()) == 61


@pytest.mark.parametrize("command", ["predict", "audit"])
def test_a_model_in_place_of_a_fit_is_told_to_be_fitted_first(small, table, command):
    done = run(command, small, "--data", table)
    assert (done.code, "causaldsl fit small.scm" in done.err) == (2, True)


def test_an_audit_fits_a_terminal_and_explains_its_metrics(fit, table):
    done = run("audit", fit, "--data", table, "--draws", "3", "-q")
    assert done.out.startswith("Fairness of Y with respect to S")
    assert max(map(len, done.out.splitlines())) <= 80
    assert "counterfactual gap, mean" in done.out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--metrics", "magic"], 2, "unknown metric"),
        (["--metrics", ","], 2, "--metrics"),
        (["--epsilon", "-1"], 2, "--epsilon"),
        (["--epsilon", "nan"], 2, "--epsilon"),
        (["--draws", "0"], 2, "--draws"),
        (["-o", "a.foo"], 2, ".txt, .md, .csv or .json"),
        (["-o", "small.fit"], 2, "a"),
    ],
)
def test_a_wrong_audit_is_refused(fit, table, options, code, said):
    done = run("audit", fit, "--data", table, "-q", *options)
    assert (done.code, said in done.err) == (code, True), done.err


def test_models_are_compared(small, table, here):
    options = ("--seeds", "1", "--draws", "2", "--metrics", "rmse", "-q")
    words = ("--train", "epochs=2", "--train", "passes=2")
    done = run("compare", small, "--data", table, *options, *words, "-o", "c.json")
    assert done.code == 5
    assert json.loads((here / "c.json").read_text())["format"] == "causaldsl-comparison"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--seeds", "0"], 2, "1 to 1,000 splits"),
        (["--seeds", "-1"], 2, "--seeds"),
        (["--seeds", "x"], 2, "--seeds"),
        (["--seeds", "1,1"], 2, "twice"),
        (["--seeds", "1,"], 2, "--seeds"),
        (["--seeds", "1.5"], 2, "--seeds"),
        (["--seeds", "99999999999"], 2, "--seeds"),
        (["--world", "smal"], 2, "did you mean `small`"),
        (["--set", "magic=1"], 2, "CD112"),
        (["--train", "seed=1"], 2, "--seeds"),
        (["--train", "magic=1"], 2, "CD601"),
        (["small.scm"], 2, "their names must differ"),
        (["none.scm"], 3, "CD001"),
    ],
)
def test_a_wrong_comparison_is_refused(small, table, options, code, said):
    done = run("compare", small, "--data", table, "-q", *options)
    assert (done.code, said in done.err) == (code, True), done.err


# --- damaged and hostile fits ---------------------------------------------------------------


def _rewritten(fit, name, change):
    with zipfile.ZipFile(fit) as old, zipfile.ZipFile(name, "w") as new:
        for entry in old.namelist():
            new.writestr(entry, change(entry, old.read(entry)))


def test_a_damaged_fit_is_refused_with_the_reason(fit, table):
    content = fit.read_bytes()
    fit.write_bytes(content[: len(content) // 2])
    done = run("predict", fit, "--data", table)
    assert (done.code, "CD631" in done.err) == (5, True)


def test_a_fit_of_a_newer_format_is_refused(fit, table):
    def newer(entry, content):
        if entry != "manifest.json":
            return content
        return json.dumps({**json.loads(content), "format": 99})

    _rewritten(fit, "n.fit", newer)
    done = run("predict", "n.fit", "--data", table)
    assert (done.code, "CD632" in done.err) == (5, True)


def test_a_fit_with_a_pickle_in_it_is_refused(fit, table):
    import pickle

    with zipfile.ZipFile(fit, "a") as archive:
        archive.writestr("data.pkl", pickle.dumps({"a": 1}))
    done = run("counterfactual", fit, "--data", table, "--do", "S=a", "-q")
    assert (done.code, "data.pkl" in done.err) == (5, True)


def test_a_file_that_is_no_fit_is_refused(here, table):
    (here / "x.fit").write_text("hello")
    done = run("simulate", "x.fit")
    assert (done.code, "CD630" in done.err) == (5, True)


# --- dropped rows ---------------------------------------------------------------------------

DROPPING = """scm dropping
sensitive S : {a, "b-c"} from "group" else drop
observed  G : real
outcome   Y : real
latent    K
S, K -> G, Y
Y ~ Normal(linear(parents), 1)
predict Y from K
"""


def test_every_command_counts_the_rows_that_it_drops(here, table):
    (here / "d.scm").write_text(DROPPING)
    rows = pd.read_csv(table)
    rows.assign(group=["z", "z", *rows["group"][2:]]).to_csv("z.csv", index=False)
    fitted = run("fit", "d.scm", "--data", "z.csv", *QUICK, "-o", "d.fit", "-q")
    quick = ("--train", "epochs=2", "--train", "passes=2", "--seeds", "1", "--metrics", "rmse")
    said = "left out"
    assert "left out 2: value of `S` is not listed" in fitted.out
    assert said in run("predict", "d.fit", "--data", "z.csv", "-o", "p.csv").err
    audited = run("audit", "d.fit", "--data", "z.csv", "--metrics", "rmse", "--draws", "2", "-q")
    assert "left out: 2 rows: value of `S` is not listed" in audited.out
    compared = run("compare", "d.scm", "--data", "z.csv", "--draws", "2", "-q", *quick)
    assert "left out: 2 rows" in compared.out
    asked = run("counterfactual", "d.fit", "--data", "z.csv", "--do", "S=a", "--draws", "2", "-q")
    assert "2 rows left out" in asked.out
