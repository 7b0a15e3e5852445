"""The commands of the tutorial of deep models run in the order of the page, on its own models."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.command_line import MODELS, run

PAGE = (Path(__file__).parents[2] / "docs" / "tutorials" / "deep_model.md").read_text("utf-8")
FENCE = re.compile(r"^```(scm|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUICK = ["--epochs", "2", "--train", "passes=2"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    shutil.copy(MODELS / "confounded_simulated.scm", tmp_path / "models")
    for language, text in FENCE.findall(PAGE):
        if language == "scm":
            name = re.match(r"scm (\w+)", text)[1]
            (tmp_path / f"{name}.scm").write_text(text, "utf-8")
    return tmp_path


def commands():
    for language, text in FENCE.findall(PAGE):
        if language == "console":
            yield from (shlex.split(line)[2:] for line in text.splitlines())


def test_the_commands_run_on_few_rows_and_epochs(folder):
    for words in commands():
        more = QUICK if words[0] == "fit" else []
        few = ["300" if word == "4000" else word for word in words]
        done = run(*few, *more)
        # two epochs settle nothing, and whatever reads such a fit says so
        unsettled = words[0] == "fit" or words[1].endswith(".fit")
        assert done.code in ((0, 5) if unsettled else (0,)), (words, done.err)
    for name in ("rows.csv", "first.svg", "first.py", "first.fit", "other.csv", "fair.fit"):
        assert (folder / name).stat().st_size > 0


def answer(*words):
    done = run("query", *words, "--json", "-q")
    assert done.code in (0, 5), done.err
    (found,) = json.loads(done.out).values()
    return found["estimate"]


@pytest.mark.slow
def test_the_models_of_the_page_answer_what_it_says(folder):
    said = {"truth": 0.15, "first": 0.20, "second": 0.17, "observed": 0.26}
    for words in commands():
        if words[0] in ("simulate", "fit"):
            assert run(*words).code in (0, 5)
    found = {
        "truth": answer("models/confounded_simulated.scm", "total"),
        "first": answer("first.fit", "te"),
        "second": answer("second.fit", "te"),
    }
    means = pd.read_csv("rows.csv").groupby("a")["y"].mean()
    found["observed"] = means[1] - means[0]
    for name, value in found.items():
        assert value == pytest.approx(said[name], abs=0.015), name
        assert f"{said[name]:.2f}".lstrip("0") in PAGE
    assert found["truth"] < found["second"] < found["first"] < found["observed"]
    assert abs(answer("fair.fit", "te")) < 0.5 * found["second"]
