"""Adult with every column binarised, as CFGAN and DCEVAE use it.

The file holds the Adult test part twice (rows 32,562 to 48,842 and again to 65,123), so a random
split of it puts copies of test rows into the training rows; the part read by default ends before
the repetition. Its header lacks a name for the first field, an image name without meaning.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pandas as pd

from causaldsl.datasets.dataset import DataFile, DataSet, github
from causaldsl.datasets.rows import frame_of_rows

_ONCE, _ALL = 48_842, 65_123


def read(folder: Path, part: str) -> pd.DataFrame:
    """Return eleven columns of 0 and 1: every row ``once``, or as ``published``."""
    path = folder / "list_attr_adult.txt"
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split()[1:] for line in lines if line.strip()]
    return frame_of_rows(header.split(), rows[:_ONCE] if part == "once" else rows, str(path))


ADULT_BINARY = DataSet(
    name="adult_binary",
    folder="adult_binary_cfgan",
    title="Adult, all columns binarised (CFGAN, DCEVAE)",
    files=(
        DataFile(
            name="list_attr_adult.txt",
            url=github(
                "aailabkaist/DCEVAE",
                "bbebae771edf154d54c8a86da0df99629bd4b123",
                "Tabular/data/cfgan/list_attr_adult.txt",
            ),
            sha256="1d2736ba2f9dff56dd984ac4e6e093591c1789a1143dd866d599ae4d7d71cbde",
            n_bytes=2_138_060,
        ),
    ),
    parts=MappingProxyType({"once": _ONCE, "published": _ALL}),
    read=read,
    left_out=MappingProxyType(
        {
            "once": f"the last {_ALL - _ONCE:,} of the published file's {_ALL:,} rows, which "
            f"repeat the {_ALL - _ONCE:,} before them"
        }
    ),
    citation="Xu, Wu, Yuan, Zhang and Wu (2019), Achieving Causal Fairness through Generative "
    "Adversarial Networks; Becker and Kohavi (1996), Adult, doi 10.24432/C5XW20",
    terms="Apache-2.0 (the repository); the data derive from Adult, CC BY 4.0",
    traps=(
        "the published file holds the test part twice",
        "the header lacks a name for the first field",
    ),
)
