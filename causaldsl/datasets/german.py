"""German credit (Statlog, UCI 144)."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pandas as pd

from causaldsl.datasets.dataset import DataFile, DataSet, github
from causaldsl.datasets.rows import frame_of_rows

COLUMNS = (
    "checking_status",
    "duration",
    "credit_history",
    "purpose",
    "credit_amount",
    "savings",
    "employment_since",
    "installment_rate",
    "personal_status_sex",
    "other_debtors",
    "residence_since",
    "property",
    "age",
    "other_installment_plans",
    "housing",
    "existing_credits",
    "job",
    "people_liable",
    "telephone",
    "foreign_worker",
    "class",
)


def read(folder: Path, part: str) -> pd.DataFrame:
    """Return 1,000 rows; the file has no header, the names here say what `german.doc` says."""
    del part  # there is one
    path = folder / "german.data"
    lines = path.read_text(encoding="utf-8").splitlines()
    return frame_of_rows(COLUMNS, [line.split() for line in lines if line.strip()], str(path))


GERMAN = DataSet(
    name="german",
    folder="german",
    title="German credit (Statlog)",
    files=(
        DataFile(
            name="german.data",
            url=github(
                "manojpreveen/iFair", "f2ac832d30d77c8c6c44d56e6ff710c4cfa6787f", "german.data"
            ),
            sha256="e2bc10785808eeb5e30462f0805edb73a672f295bc671dec0bca6e2fb5c8e1ca",
            n_bytes=79_794,
        ),
    ),
    parts=MappingProxyType({"all": 1_000}),
    read=read,
    citation="Hofmann (1994), Statlog (German Credit Data), UCI Machine Learning Repository, "
    "doi 10.24432/C5NC77",
    terms="CC BY 4.0",
    traps=(
        "class is 1 (good) and 2 (bad)",
        "sex is part of personal_status_sex: A92 and A95 are female",
        "the South German Credit set (UCI 522) corrects known coding errors",
    ),
)
