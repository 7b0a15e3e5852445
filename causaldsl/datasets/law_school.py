"""Law School: the LSAC national longitudinal bar passage study (Wightman 1998)."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pandas as pd

from causaldsl.data.tables import read_table
from causaldsl.datasets.dataset import DataFile, DataSet, github


def read(folder: Path, part: str) -> pd.DataFrame:
    """Return the 21,791 rows; the unnamed row index of the file is left behind."""
    del part  # there is one
    return read_table(folder / "law_data.csv").drop(columns="Unnamed: 0")


LAW_SCHOOL = DataSet(
    name="law_school",
    folder="law_school",
    title="Law School (LSAC national longitudinal bar passage study)",
    files=(
        DataFile(
            name="law_data.csv",
            url=github(
                "abdd68/counterfactual_fairness_2025",
                "0f5ed0d76739266e3caa3438514288fca119645b",
                "dataset/law_data.csv",
            ),
            sha256="095fbb4641b0f767feb664388b877a4544ad5a731630623b375e74b5fdbfa715",
            n_bytes=1_087_805,
        ),
    ),
    parts=MappingProxyType({"all": 21_791}),
    read=read,
    citation="Wightman (1998), LSAC National Longitudinal Bar Passage Study; as used by Kusner, "
    "Loftus, Russell and Silva (2017), Counterfactual Fairness",
    terms="no licence is stated with the data; a widely circulated research extract: load it from "
    "a path, do not ship it in a package",
    traps=(
        'some LSAT scores are fractional: a count needs `from floor("LSAT")`',
        "race has eight levels; the published models keep White, Black and Asian (20,412 rows)",
        "sex is coded 1 (female) and 2 (male)",
    ),
)
