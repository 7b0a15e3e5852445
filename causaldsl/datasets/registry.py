"""The public data sets by name: where their files lie on this machine, and their tables.

``CAUSALDSL_DATA`` names a folder with one subfolder for each set; what it lacks is looked for in
the user's cache folder, where `fetch` puts what it downloads.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from causaldsl.datasets import findings
from causaldsl.datasets.adult import ADULT
from causaldsl.datasets.adult_binary import ADULT_BINARY
from causaldsl.datasets.communities import COMMUNITIES
from causaldsl.datasets.compas import COMPAS
from causaldsl.datasets.dataset import DataSet
from causaldsl.datasets.download import download, sha256_of
from causaldsl.datasets.german import GERMAN
from causaldsl.datasets.law_school import LAW_SCHOOL
from causaldsl.datasets.scenes import SCENES
from causaldsl.diagnostics.model import DataError
from causaldsl.diagnostics.progress import ProgressCallback, silent

DATASETS = MappingProxyType(
    {s.name: s for s in (LAW_SCHOOL, ADULT, ADULT_BINARY, COMPAS, COMMUNITIES, GERMAN, SCENES)}
)
#: Sets with a loader of their own, by name: the call, and how their files lie.
IN_PYTHON = MappingProxyType(
    {
        "celeba": (
            'causaldsl.datasets.celeba.celeba(["Smiling"])',
            "celeba/ with img_align_celeba/000001.jpg and so on, list_attr_celeba.txt and "
            "list_eval_partition.txt",
        )
    }
)


def dataset(name: str) -> DataSet:
    """Return a set's record; `DataError` CD530 if there is none of this name."""
    if name in IN_PYTHON:
        raise DataError([findings.read_in_python(name, *IN_PYTHON[name])])
    if name not in DATASETS:
        raise DataError([findings.unknown_dataset(name, tuple(DATASETS))])
    return DATASETS[name]


def cache_folder() -> Path:
    """Return the folder that downloads go to on this platform."""
    if chosen := os.environ.get("XDG_CACHE_HOME"):
        return Path(chosen) / "causaldsl"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "causaldsl"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "causaldsl"
    return Path.home() / ".cache" / "causaldsl"


def data_folders() -> tuple[Path, ...]:
    """Return the folders that sets are looked for in, one subfolder each, the first one first."""
    chosen = os.environ.get("CAUSALDSL_DATA")
    return (Path(chosen), cache_folder()) if chosen else (cache_folder(),)


def path_of(name: str) -> Path:
    """Return the folder that holds every file of a set.

    Raises
    ------
    DataError
        CD530 for an unknown set, CD531 if its files are not here: where they were looked for,
        and how to place them by hand.
    """
    found = dataset(name)
    folders = [root / found.folder for root in data_folders()]
    for folder in folders:
        if all((folder / file.name).is_file() for file in found.files):
            return folder
    lacking = next(f for f in found.files if not (folders[0] / f.name).is_file())
    placed = str(folders[0] / lacking.name)
    searched = [str(folder) for folder in folders]
    raise DataError([findings.dataset_not_here(name, searched, placed, lacking.url)])


def fetch(
    name: str,
    to: str | os.PathLike[str] | None = None,
    url: str | None = None,
    progress: ProgressCallback = silent,
) -> Path:
    """Download a set and return the folder that holds it.

    Parameters
    ----------
    name
        One of `DATASETS`.
    to
        A folder laid out as ``CAUSALDSL_DATA`` is; the cache folder when `None`.
    url
        Another address of the file, or of a folder that holds the set's files.
    progress
        Told of every block that arrives.

    Raises
    ------
    DataError
        CD524, CD530, CD532 or CD533; no half-written file is left.
    """
    found = dataset(name)
    folder = (cache_folder() if to is None else Path(to)) / found.folder
    download(found, folder, url, progress)
    return folder


def load(name: str, part: str | None = None, *, check: bool = True) -> pd.DataFrame:
    """Return a set's table: its first part, or the one asked for.

    Parameters
    ----------
    name
        One of `DATASETS`.
    part
        One of the set's `parts`.
    check
        Compare the files with their published sha256 before they are read.

    Raises
    ------
    DataError
        CD530 for an unknown set, CD531 if it is not here, CD532 if a file is another.
    ValueError
        If the set has no such part.
    """
    found = dataset(name)
    chosen = next(iter(found.parts)) if part is None else part
    if chosen not in found.parts:
        raise ValueError(f"{name} has the parts {', '.join(found.parts)}, not {chosen}")
    folder = path_of(name)
    if check:
        _verify_files(found, folder)
    return found.read(folder, chosen)


def _verify_files(found: DataSet, folder: Path) -> None:
    for file in found.files:
        digest = sha256_of(folder / file.name)
        if digest not in (file.sha256, file.published_sha256):
            place, hint = str(folder / file.name), f"run `causaldsl data {found.name}` again"
            raise DataError([findings.wrong_checksum(place, file.sha256, digest, hint)])
