"""Every page of a CD5xx code: its wrong example gives that code, its right one does not."""

from __future__ import annotations

import doctest
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from causaldsl.data.binding import bind
from causaldsl.data.csv_text import parse_csv
from causaldsl.data.schema import schema_of
from causaldsl.diagnostics.codes import CODES
from causaldsl.diagnostics.model import DataError, Diagnostic
from causaldsl.semantics.check import check
from causaldsl.source import SourceFile
from causaldsl.syntax.parser import parse

FOLDER = Path(__file__).parents[2] / "docs" / "errors"
PAGES = {code: FOLDER / f"{code}.md" for code in CODES if code.startswith("CD5")}


def findings_of(part: str) -> Sequence[Diagnostic]:
    """Return what binding the part's table to its model says."""
    model = re.search(r"```scm\n(.*?)```", part, re.DOTALL)
    table = re.search(r"```csv\n(.*?)```", part, re.DOTALL)
    assert table is not None
    try:
        frame = parse_csv(table[1].encode(), "t.csv")
        if model is None:
            return ()
        source = SourceFile(path="m.scm", text=model[1])
        program, problems = parse(source)
        assert program is not None
        assert problems == ()
        scm, _ = check(program, source)
        assert scm is not None
        return bind(frame, schema_of(scm)).warnings
    except DataError as error:
        return error.diagnostics


@pytest.mark.parametrize("code", list(PAGES))
def test_a_page_opens_with_its_code_and_title(code):
    assert PAGES[code].read_text(encoding="utf-8").startswith(f"# {code}: {CODES[code].title}\n")


@pytest.mark.parametrize("code", list(PAGES))
def test_the_wrong_example_gives_the_code_and_the_right_one_does_not(code):
    text = PAGES[code].read_text(encoding="utf-8")
    if "```python" in text:
        failed, tried = doctest.testfile(str(PAGES[code]), module_relative=False)
        assert failed == 0
        assert tried > 1
        assert code in text.split("## Wrong")[1].split("## Right")[0]
        return
    wrong, *right = text.split("## Right")
    (found,) = [d for d in findings_of(wrong) if d.code == code]
    assert f"{found.severity}[{code}]: {found.message}\n" in wrong
    for part in right:
        assert [d for d in findings_of(part) if d.severity == "error" or d.code == code] == []
