"""What a public data set is: its files, who to cite, on what terms, and how to read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

#: Given the folder that holds the files and a part's name, return that part's rows.
Reader = Callable[[Path, str], pd.DataFrame]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """One file of a set: its name on disk, its published bytes, and where they lie.

    Where a file is kept in another form than it is published in, `keep` makes the one from the
    other, `published_sha256` is what is downloaded and `sha256` what lies on disk.
    """

    name: str
    url: str
    sha256: str
    n_bytes: int
    published_sha256: str | None = None
    keep: Callable[[bytes], bytes] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A public data set.

    `parts` maps each part's name to its number of rows; the first is read unless another is asked
    for. `left_out` says of a part which rows of the files it lacks. `traps` are what goes wrong
    when the files are read naively. A set without `files` is drawn by its reader: there is nothing
    to fetch.
    """

    name: str
    folder: str
    title: str
    files: tuple[DataFile, ...]
    parts: Mapping[str, int]
    read: Reader = field(repr=False)
    citation: str
    terms: str
    left_out: Mapping[str, str] = field(default_factory=dict)
    traps: tuple[str, ...] = ()


def github(repository: str, commit: str, path: str) -> str:
    """Return the address of a file's bytes at one commit."""
    return f"https://raw.githubusercontent.com/{repository}/{commit}/{path}"
