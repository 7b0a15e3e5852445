"""The pages of the syntax errors: the wrong text has the error, the right one has none."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from causaldsl.diagnostics.codes import CODES
from causaldsl.diagnostics.pages import page_of
from causaldsl.source import SourceFile
from causaldsl.syntax.parser import parse

SYNTAX = sorted(code for code in CODES if "CD001" <= code < "CD080")
PYTHON = {"CD001", "CD002", "CD003", "CD004", "CD005", "CD007"}


def _blocks(code):
    return re.findall(r"^```scm\n(.*?)^```$", page_of(code) or "", flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", SYNTAX)
def test_every_code_has_a_page_with_its_title(code):
    page = page_of(code)
    assert page is not None
    assert page.startswith(f"# {code}: {CODES[code].title}\n")
    assert "\n## Wrong\n" in page
    assert "\n## Right\n" in page


@pytest.mark.parametrize("code", sorted(set(SYNTAX) - PYTHON))
def test_the_wrong_text_has_the_error_and_the_right_one_none(code):
    wrong, right = _blocks(code)
    problems = parse(SourceFile(path="wrong.scm", text=wrong))[1]
    assert {problem.code for problem in problems} == {code}
    assert parse(SourceFile(path="right.scm", text=right))[1] == ()


@pytest.mark.parametrize("code", sorted(PYTHON))
def test_the_examples_in_python_give_what_they_show(code):
    path = Path(__file__).resolve().parents[2] / "docs" / "errors" / f"{code}.md"
    assert doctest.testfile(str(path), module_relative=False, encoding="utf-8").failed == 0
