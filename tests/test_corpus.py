"""The corpus of wrong files: each gives exactly the messages of its golden file.

A file is named after a code that it must give, with a word about it; others hold several mistakes
or hostile text. A first line ``# --set NAME=VALUE`` overrides a `param`.
"""

import re
from pathlib import Path

import pytest

from causaldsl import pipeline
from causaldsl.cli.terminal import overrides_of
from causaldsl.diagnostics.codes import CODES
from causaldsl.diagnostics.render import render_text
from causaldsl.ir.plan import fit_obstacles
from causaldsl.source import SourceFile
from causaldsl.syntax import lexer, parser
from causaldsl.syntax.parser import read_source

CORPUS = Path(__file__).parent / "golden" / "corpus"
FILES = sorted(CORPUS.glob("*.scm"))
OF_TEXT = re.compile(r"CD([0-4]|72|73)")

#: Codes of what no small file holds; their messages are tested below.
OF_LIMITS = {"CD001", "CD003", "CD004", "CD005"}


def _findings(path):
    """What `check` says, and `compile` and `fit` where `check` says nothing."""
    source, unreadable = read_source(path)
    if source is None:
        return unreadable
    first = source.text.partition("\n")[0]
    given = first.removeprefix("# --set ") if first.startswith("# --set ") else None
    checked = pipeline.check_source(
        SourceFile(path=path.name, text=source.text), overrides_of([given] if given else [])
    )
    if checked.scm is None:
        return checked.diagnostics
    stages, refusals = pipeline.lower_scm(checked.scm)
    unfit = fit_obstacles(checked.scm, stages[0]) if stages else ()
    return (*checked.diagnostics, *refusals, *unfit)


def _rendered(findings):
    return render_text(findings, color=False).replace(f"{CORPUS}/", "").rstrip("\n") + "\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_file_gives_its_golden_messages(path, golden):
    findings = _findings(path)
    assert findings
    if path.stem.startswith("CD"):
        assert path.stem.split("_")[0] in {d.code for d in findings}
    golden(path.with_suffix(".expected"), _rendered(findings))


def test_the_corpus_is_large_and_shows_every_code_of_a_text():
    shown = {path.stem.split("_")[0] for path in FILES} | OF_LIMITS
    assert len(FILES) >= 120
    assert {code for code in CODES if OF_TEXT.match(code)} <= shown


def test_no_golden_file_is_left_over():
    limits = {f"{code}.expected" for code in OF_LIMITS}
    assert {p.name for p in CORPUS.glob("*.expected")} == limits | {
        path.with_suffix(".expected").name for path in FILES
    }


def test_a_file_that_is_not_there_gives_its_golden_message(golden):
    golden(CORPUS / "CD001.expected", _rendered(_findings(CORPUS / "absent.scm")))


@pytest.mark.parametrize(
    ("code", "module", "limit", "text"),
    [
        ("CD003", parser, "MAX_CHARACTERS", "scm example\noutcome Y : real\n"),
        ("CD004", lexer, "MAX_TOKENS", "scm example\noutcome Y : real\n"),
        ("CD005", parser, "MAX_STATEMENTS", "scm example\noutcome Y : real\nlatent K\nK -> Y\n"),
    ],
)
def test_a_text_beyond_a_limit_gives_its_golden_message(
    code, module, limit, text, monkeypatch, golden
):
    monkeypatch.setattr(module, limit, 3)
    findings = pipeline.check_source(SourceFile(path="model.scm", text=text)).diagnostics
    assert code in {d.code for d in findings}
    golden(CORPUS / f"{code}.expected", _rendered(findings))


def test_no_message_shows_a_traceback_or_a_name_of_python():
    for path in CORPUS.glob("*.expected"):
        text = path.read_text("utf-8")
        assert not re.search(r"Traceback|Error\(|<class|object at 0x|None|nodes\.", text), path.name
