"""What can go wrong on the way to a public set: one function per registered CD53x code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from causaldsl.data.findings import did_you_mean, quoted, shown
from causaldsl.diagnostics import codes
from causaldsl.diagnostics.model import Diagnostic


def unknown_dataset(name: str, candidates: Sequence[str]) -> Diagnostic:
    """CD530: no such public data set."""
    return codes.diagnostic(
        "CD530",
        f"there is no data set `{shown(name)}`",
        notes=(f"the data sets are {quoted(candidates, 12)}",),
        hint=did_you_mean(name, candidates),
    )


def read_in_python(name: str, call: str, layout: str) -> Diagnostic:
    """CD530: a set that is no table before its pictures and attributes are chosen."""
    return codes.diagnostic(
        "CD530",
        f"`{name}` is not among the data sets that this command writes",
        notes=(f"CAUSALDSL_DATA, or the cache folder, holds {layout}",),
        hint=f"place its files by hand, and read them in Python by `{call}`",
    )


def dataset_not_here(name: str, searched: Sequence[str], placed: str, url: str) -> Diagnostic:
    """CD531: the set has not been downloaded or placed yet."""
    return codes.diagnostic(
        "CD531",
        f"the data set `{name}` is not on this machine",
        notes=(
            *(f"looked at {path}" for path in searched),
            f"to place it by hand, save {url} as {placed}",
            f"or set CAUSALDSL_DATA to a folder that holds {name}/",
        ),
        hint=f"run `causaldsl data {name}`",
    )


def wrong_checksum(path: str, expected: str, found: str, hint: str) -> Diagnostic:
    """CD532: bytes that are not those of the published file."""
    return codes.diagnostic(
        "CD532",
        f"`{shown(path)}` is not the published file: its sha256 is {found}, expected {expected}",
        place=shown(path),
        hint=hint,
    )


def download_failed(name: str, url: str, why: str, placed: str) -> Diagnostic:
    """CD533: the network, or the other side, did not deliver."""
    return codes.diagnostic(
        "CD533",
        f"the data set `{name}` cannot be downloaded: {why}",
        place=url,
        notes=(
            f"by hand: save {url} as {placed}",
            f"or set CAUSALDSL_DATA to a folder that holds {name}/",
        ),
        hint=f"save the file as {placed}",
    )


def place_by_hand(name: str, searched: Sequence[str], lacking: str, page: str) -> Diagnostic:
    """CD531: a set that may not be passed on, so that nothing can fetch it."""
    return codes.diagnostic(
        "CD531",
        f"the data set `{name}` is not on this machine",
        notes=(
            *(f"looked at {path}" for path in searched),
            f"lacking is {lacking}",
            f"its terms allow no mirror: {page} says how to get the files",
        ),
        hint=f"set CAUSALDSL_DATA to a folder that holds {name}/ with the files as published",
    )


def pictures_missing(names: Sequence[str], folder: str) -> Diagnostic:
    """CD526: pictures that a set's list names and its folder lacks."""
    verb = "picture is" if len(names) == 1 else "pictures are"
    return codes.diagnostic(
        "CD526",
        f"{len(names):,} {verb} not there: {quoted(names)}",
        place=shown(folder),
        hint="unpack the whole archive, or ask for fewer rows",
    )


def pictures_damaged(names: Sequence[str], reasons: Mapping[str, int]) -> Diagnostic:
    """CD527: pictures of a set that cannot be read."""
    noun = "picture" if len(names) == 1 else "pictures"
    return codes.diagnostic(
        "CD527",
        f"{len(names):,} {noun} cannot be read: {quoted(names)}",
        notes=tuple(f"{count:,} x {shown(reason)}" for reason, count in list(reasons.items())[:5]),
        hint="unpack the archive again",
    )
