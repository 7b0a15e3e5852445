"""A folder for each test, two models, and one table and tiny fit for all of them."""

from pathlib import Path

import pytest

from tests.command_line import NUMBERED, QUICK, SMALL, run


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test has a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CAUSALDSL_TRACEBACK", raising=False)
    return tmp_path


@pytest.fixture
def small(here):
    (here / "small.scm").write_text(SMALL)
    return Path("small.scm")


@pytest.fixture
def numbered(here):
    (here / "numbered.scm").write_text(NUMBERED)
    return Path("numbered.scm")


@pytest.fixture(scope="session")
def _made(tmp_path_factory):
    """One table and one tiny fit for all tests."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "small.scm").write_text(SMALL)
    (folder / "numbered.scm").write_text(NUMBERED)
    table, fit = folder / "t.csv", folder / "small.fit"
    assert run("simulate", folder / "numbered.scm", "-n", 60, "-o", table).code == 0
    done = run("fit", folder / "small.scm", "--data", table, *QUICK, "-o", fit, "-q")
    assert done.code in (0, 5), done.err
    return table, fit


@pytest.fixture
def table(_made, here):
    (here / "t.csv").write_bytes(_made[0].read_bytes())
    return Path("t.csv")


@pytest.fixture
def fit(_made, here):
    (here / "small.fit").write_bytes(_made[1].read_bytes())
    return Path("small.fit")
