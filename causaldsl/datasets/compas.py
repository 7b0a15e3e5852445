"""COMPAS two-year recidivism (ProPublica 2016), without the columns that identify people.

The published file names everybody it is about. What is kept on disk are 14 of its 53 columns, row
for row; of a column that stands twice, the first.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from causaldsl.data.csv_text import parse_csv
from causaldsl.datasets.dataset import DataFile, DataSet, github

COLUMNS = (
    "sex",
    "age",
    "age_cat",
    "race",
    "juv_fel_count",
    "juv_misd_count",
    "juv_other_count",
    "priors_count",
    "c_charge_degree",
    "days_b_screening_arrest",
    "is_recid",
    "score_text",
    "decile_score",
    "two_year_recid",
)


def keep_columns(published: bytes) -> bytes:
    """Return the published CSV with the 14 columns alone, in the order of `COLUMNS`."""
    header, *rows = csv.reader(io.StringIO(published.decode("utf-8"), newline=""))
    places = [header.index(name) for name in COLUMNS]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([row[place] for place in places] for row in rows if row)
    return text.getvalue().encode()


def read(folder: Path, part: str) -> pd.DataFrame:
    """Return all 7,214 rows, or those that ProPublica's own filter leaves (``filtered``)."""
    path = folder / "compas-two-year.csv"
    frame = parse_csv(keep_columns(path.read_bytes()), str(path))  # the published file serves too
    if part == "all":
        return frame
    kept = (
        frame["days_b_screening_arrest"].abs().le(30)
        & frame["is_recid"].ne(-1)
        & frame["c_charge_degree"].ne("O")
        & frame["score_text"].ne("N/A")
    )
    return frame[kept].reset_index(drop=True)


COMPAS = DataSet(
    name="compas",
    folder="compas",
    title="COMPAS two-year recidivism (ProPublica)",
    files=(
        DataFile(
            name="compas-two-year.csv",
            url=github(
                "propublica/compas-analysis",
                "bafff5da3f2e45eca6c2d5055faad269defd135a",
                "compas-scores-two-years.csv",
            ),
            sha256="5788d36914f018cad6efbe9be1e3bfe4c5ec6b08fd7bf858de21cdec64219394",
            n_bytes=407_749,
            published_sha256="c451db85908b2f7fef1d83203bedf6b71ecda0d5af468d82ae62178f91d0cc7d",
            keep=keep_columns,
        ),
    ),
    parts=MappingProxyType({"all": 7_214, "filtered": 6_172}),
    read=read,
    citation="Angwin, Larson, Mattu and Kirchner (2016), Machine Bias, ProPublica",
    terms="no licence is stated; published for re-analysis: load it from a path, do not "
    "redistribute it",
    traps=(
        "the published file names people; the columns that do are not kept",
        "ProPublica's own filter leaves 6,172 of the 7,214 rows (part `filtered`)",
    ),
)
