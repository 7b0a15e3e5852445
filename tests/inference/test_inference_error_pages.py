"""Each inference code has a page: its wrong example shows that code, the right one runs."""

import doctest
import re
from pathlib import Path

import pytest

from causaldsl.diagnostics.codes import CODES

PAGES = Path(__file__).parents[2] / "docs" / "errors"
# their examples run a fit to its end
REAL_FITS = ("CD621", "CD622", "CD624", "CD627", "CD652")
OURS = [
    pytest.param(code, marks=[pytest.mark.slow] if code in REAL_FITS else [])
    for code in CODES
    if code.startswith("CD6")
]


@pytest.mark.parametrize("code", OURS)
def test_the_page_of_a_code_runs_and_shows_the_code(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {code}: {CODES[code].title}\n")
    wrong, right = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert code in wrong
    assert code not in right
    test = doctest.DocTestParser().get_doctest(wrong + "\n" + right, {}, code, None, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(test).failed == 0
