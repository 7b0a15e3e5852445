"""What README.md shows is what the commands do."""

import re
import shlex
from pathlib import Path

import pytest

from causaldsl import pipeline

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
TRANSCRIPT = README.split("<!-- demo:")[1].split("<!-- end")[0]


def _commands(text, start):
    joined = text.replace("\\\n", " ")
    lines = (line for line in joined.splitlines() if line.startswith(start))
    return [
        shlex.split(line.removeprefix(start).split(" || ")[0].removesuffix(" 2>&1"))
        for line in lines
    ]


def test_the_transcript_shows_the_commands_of_the_demo():
    shown = _commands(TRANSCRIPT, "$ causaldsl ")
    assert shown == _commands((ROOT / "demo.sh").read_text("utf-8"), "run ")
    assert {words[0] for words in shown} >= {"check", "compile", "fit", "counterfactual", "compare"}


def test_the_picture_is_what_the_command_draws():
    scm = pipeline.checked_scm(ROOT / "models" / "exoc.scm")
    drawn = pipeline.draw(scm, "svg", use_dot=False)
    assert (ROOT / "docs" / "images" / "exoc.svg").read_bytes() == drawn


def test_the_message_shown_is_the_one_that_is_given():
    golden = (ROOT / "tests" / "golden" / "corpus" / "CD304_table.expected").read_text("utf-8")
    assert golden.replace("CD304_table.scm", "model.scm").strip() in README


def test_the_model_shown_is_the_one_shipped():
    shown = re.search(r"```scm\n(.*?)```", README, flags=re.DOTALL).group(1)
    shipped = (ROOT / "models" / "exoc.scm").read_text("utf-8")
    kept = [line for line in shown.splitlines() if line]
    assert [line for line in shipped.splitlines() if line in kept] == kept


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^):]+?)(?:#[^)]*)?\)", README))))
def test_a_link_of_the_readme_leads_somewhere(link):
    assert (ROOT / link).exists()
