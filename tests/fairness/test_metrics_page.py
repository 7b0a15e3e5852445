"""The page of metrics says what the register computes, and its examples run."""

import doctest
import re
from pathlib import Path

import pytest

from causaldsl.fairness.picture_registry import PICTURE_METRICS
from causaldsl.fairness.registry import METRICS

ALL = {**METRICS, **PICTURE_METRICS}
DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "metrics.md").read_text(encoding="utf-8")
KEYS = re.findall(r"^@\w+\{(\w+),", (DOCS / "references.bib").read_text("utf-8"), flags=re.M)


def test_the_examples_of_the_page_run():
    blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "metrics.md", None, 0)
    result = doctest.DocTestRunner().run(test)
    assert result.attempted > 10
    assert result.failed == 0


def test_the_page_has_a_section_for_each_metric_and_no_other():
    assert re.findall(r"^### `(\w+)`", PAGE, flags=re.M) == list(ALL)


@pytest.mark.parametrize("name", ALL)
def test_the_page_gives_the_formula_of_the_register(name):
    section = re.split(rf"^### `{name}`$", PAGE, flags=re.M)[1].split("\n#")[0]
    assert ALL[name].formula in " ".join(section.split())


@pytest.mark.parametrize("name", ALL)
def test_the_reference_of_a_metric_is_in_the_bibliography(name):
    assert ALL[name].reference in KEYS
