"""Every code has a page; what a page calls wrong gives its code, what it calls right does not."""

import doctest
import re
from pathlib import Path

import pytest

from causaldsl import pipeline
from causaldsl.diagnostics.codes import CODES
from causaldsl.diagnostics.pages import page_of
from causaldsl.ir.plan import fit_obstacles
from causaldsl.source import SourceFile

PAGES = Path(__file__).parents[2] / "docs" / "errors"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Codes of the text of a model alone, whose examples are models. The pages of syntax, data and
# fairness codes are run beside the code that reports them.
OF_MODELS = re.compile(r"CD(08|[1-4]|72|73)")


def _models(page, heading):
    part = re.split(r"^## ", page, flags=re.MULTILINE)
    section = next((text for text in part if text.startswith(heading)), "")
    return [body for language, body in FENCE.findall(section) if language == "scm"]


def _codes(text, code):
    """The codes of a text; those of compiling and fitting too, where the code is one of them."""
    checked = pipeline.check_source(SourceFile(path="model.scm", text=text))
    found = [d.code for d in checked.diagnostics]
    if checked.scm is not None and code.startswith("CD49"):
        stages, refusals = pipeline.lower_scm(checked.scm)
        found += [d.code for d in refusals]
        found += [d.code for d in fit_obstacles(checked.scm, stages[0])] if stages else []
    return set(found)


@pytest.mark.parametrize("code", CODES)
def test_a_code_has_a_page_headed_by_its_title(code):
    page = page_of(code)
    assert page is not None
    assert page.startswith(f"# {code}: {CODES[code].title}\n\n")
    assert len(page.split("\n## ")[0].splitlines()) > 2


def test_every_page_belongs_to_a_code():
    assert {path.stem for path in PAGES.glob("CD*.md")} <= set(CODES)


@pytest.mark.parametrize("code", [code for code in CODES if OF_MODELS.match(code)])
def test_the_wrong_model_of_a_page_gives_its_code_alone_and_the_right_one_nothing(code):
    page = page_of(code)
    wrong, right = _models(page, "Wrong"), _models(page, "Right")
    if "```console\n" in page:
        assert not wrong
        return
    assert wrong
    assert right
    assert all(_codes(text, code) == {code} for text in wrong)
    assert all(_codes(text, code) == set() for text in right)


@pytest.mark.parametrize(
    "code", [c for c in CODES if re.match(r"CD7[014]|CD81[45]", c) and ">>>" in (page_of(c) or "")]
)
def test_the_session_of_a_page_runs_as_shown_and_shows_the_code(code):
    wrong, right = re.findall(r"```python\n(.*?)```", page_of(code), flags=re.DOTALL)
    assert code in wrong
    test = doctest.DocTestParser().get_doctest(wrong + "\n" + right, {}, code, None, 0)
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test).failed == 0


@pytest.mark.parametrize("name", ["../architecture", "CD", "CD1x", "", "CD999", "CD²"])
def test_what_is_no_code_has_no_page(name):
    assert page_of(name) is None
