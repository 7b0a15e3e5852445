"""The Python sessions on the pages run as shown."""

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_session_of_the_python_page_runs_as_shown(monkeypatch):
    monkeypatch.chdir(ROOT)
    page = str(ROOT / "docs" / "python.md")
    assert doctest.testfile(page, module_relative=False).failed == 0
