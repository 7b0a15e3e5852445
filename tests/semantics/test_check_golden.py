"""Inline expectations: each line of a golden file says which findings it must give."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from causaldsl.diagnostics.codes import CODES
from causaldsl.semantics.check import check
from causaldsl.source import SourceFile
from causaldsl.syntax.parser import parse

GOLDEN = Path(__file__).parents[1] / "golden" / "check"
FILES = sorted(GOLDEN.rglob("*.scm"))
EXPECTED = re.compile(r"(error|warning): (CD\d+(?:, CD\d+)*)")
NO_TEXT = {"CD112", "CD224"}  # findings about overrides, which no file can hold


def expected(text: str) -> Counter[tuple[int, str, str]]:
    found: Counter[tuple[int, str, str]] = Counter()
    for number, line in enumerate(text.split("\n"), start=1):
        for severity, listed in EXPECTED.findall(line.partition("#")[2]):
            found.update((number, severity, code) for code in listed.split(", "))
    return found


def findings(source: SourceFile) -> Counter[tuple[int, str, str]]:
    program, syntax = parse(source)
    assert not syntax
    assert program is not None
    _, diagnostics = check(program, source)
    return Counter(
        (d.span.line if d.span is not None else 0, d.severity, d.code) for d in diagnostics
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_gives_exactly_the_findings_that_it_names(path: Path) -> None:
    source = SourceFile(path=path.name, text=path.read_text(encoding="utf-8"))
    wanted, found = expected(source.text), findings(source)
    assert found - wanted == Counter(), "more than the file names"
    assert wanted - found == Counter(), "less than the file names"


def test_every_code_of_meaning_stands_in_a_golden_file() -> None:
    shown = {code for path in FILES for _, _, code in expected(path.read_text(encoding="utf-8"))}
    families = ("CD08", "CD1", "CD2", "CD3", *(f"CD4{n}" for n in range(8)), "CD72", "CD73")
    ours = {code for code in CODES if code.startswith(families)}
    assert ours - shown - NO_TEXT == set()
