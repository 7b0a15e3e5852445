"""The scripts of `benchmarks/` measure; the tests here hold what they measure to its figures."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))


@pytest.fixture(scope="session")
def law():
    """Where the Law School table lies."""
    folder = os.environ.get("CAUSALDSL_DATA")
    path = Path(folder or ".") / "law_school" / "law_data.csv"
    if folder is None or not path.is_file():
        pytest.skip("CAUSALDSL_DATA names no folder that holds law_school/law_data.csv")
    return path
