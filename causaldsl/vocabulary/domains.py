"""Domains: what values a variable or a parameter may take.

Encoded values are numbers: a level is its position (0, 1, ...), a binary is 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Real:
    """Any real number."""

    @override
    def __str__(self) -> str:
        return "real"


@dataclass(frozen=True, slots=True)
class Positive:
    """A real number above zero."""

    @override
    def __str__(self) -> str:
        return "positive"


@dataclass(frozen=True, slots=True)
class UnitInterval:
    """A real number in the open interval (0, 1)."""

    @override
    def __str__(self) -> str:
        return "unit"


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number, 0 or more."""

    @override
    def __str__(self) -> str:
        return "count"


@dataclass(frozen=True, slots=True)
class Binary:
    """0 or 1."""

    @override
    def __str__(self) -> str:
        return "binary"


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of several unordered levels."""

    levels: tuple[str, ...]

    @override
    def __str__(self) -> str:
        return "{" + ", ".join(self.levels) + "}"


@dataclass(frozen=True, slots=True)
class Ordered:
    """One of several levels, lowest first."""

    levels: tuple[str, ...]

    @override
    def __str__(self) -> str:
        return "{" + " < ".join(self.levels) + "}"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture, pixels from 0 to 1, as channels, height, width."""

    channels: int
    height: int
    width: int

    @override
    def __str__(self) -> str:
        return f"image[{self.channels}, {self.height}, {self.width}]"


Domain = Real | Positive | UnitInterval | Count | Binary | Categorical | Ordered | Image

SCALAR_WORDS: dict[str, Domain] = {
    "real": Real(),
    "positive": Positive(),
    "unit": UnitInterval(),
    "count": Count(),
    "binary": Binary(),
}


def levels_of(domain: Domain) -> tuple[str, ...] | None:
    """Return the levels of a discrete domain of known size (``("0", "1")`` for a binary)."""
    match domain:
        case Categorical(levels) | Ordered(levels):
            return levels
        case Binary():
            return ("0", "1")
        case _:
            return None


def is_discrete(domain: Domain) -> bool:
    """Whether draws have no gradient: counts, binaries and levels."""
    return isinstance(domain, Count | Binary | Categorical | Ordered)
