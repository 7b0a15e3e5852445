"""Each fairness code has a page: its wrong example is refused with that code, the right runs."""

import doctest
import re
from pathlib import Path

import pytest

from causaldsl.diagnostics.codes import CODES

PAGES = Path(__file__).parents[2] / "docs" / "errors"
OURS = [f"CD{number}" for number in range(801, 814)]


@pytest.mark.parametrize("code", OURS)
def test_the_page_of_a_code_runs_and_shows_the_code(code):
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {code}: {CODES[code].title}\n")
    wrong, right = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert f"[{code}]" in wrong
    test = doctest.DocTestParser().get_doctest(wrong + "\n" + right, {}, code, None, 0)
    runner = doctest.DocTestRunner()
    assert runner.run(test).failed == 0
