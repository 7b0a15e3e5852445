"""Communities and Crime, normalised (UCI 183)."""

from __future__ import annotations

import csv
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from causaldsl.datasets.dataset import DataFile, DataSet, github
from causaldsl.datasets.rows import frame_of_rows, known


def read(folder: Path, part: str) -> pd.DataFrame:
    """Return 1,994 rows of 128 columns, named as in the `.names` file; ``?`` is missing."""
    del part  # there is one
    words = (folder / "communities.names").read_text(encoding="utf-8").splitlines()
    names = [line.split()[1] for line in words if line.startswith("@attribute")]
    path = folder / "communities.data"
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [[known(field) for field in row] for row in csv.reader(lines) if row]
    return frame_of_rows(names, rows, str(path))


COMMUNITIES = DataSet(
    name="communities",
    folder="communities",
    title="Communities and Crime (normalised)",
    files=(
        DataFile(
            name="communities.data",
            url=github(
                "HanaSturlan/Communities-and-Crime-Data-Set",
                "109972458a21f35e4973bd559cde88ca750a8d85",
                "communities.data",
            ),
            sha256="09e0b5c07eae24c1efab19b2edee05e160e7f5743b6f31e31eec3d73624da2ea",
            n_bytes=1_102_815,
        ),
        DataFile(
            name="communities.names",
            url=github(
                "nlTyler/urban-crime-statistical-analysis",
                "8199a082ff9f0feaf283de517fb8c588149512f4",
                "communities.names",
            ),
            sha256="80914f24ab37261fb0fbda7e417cad8001335dadda4a8d702c265601ef8434fc",
            n_bytes=27_179,
        ),
    ),
    parts=MappingProxyType({"all": 1_994}),
    read=read,
    citation="Redmond and Baveja (2002), A data-driven software tool for enabling cooperative "
    "information sharing among police departments; UCI Machine Learning Repository, "
    "doi 10.24432/C53W3X",
    terms="CC BY 4.0",
    traps=(
        "22 police columns are missing in 1,675 of the rows; filling them with 0 makes an "
        "indicator of them",
        "columns were rescaled to [0, 1] and clipped, so a `unit` domain meets exact 0 and 1",
    ),
)
