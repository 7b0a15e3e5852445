"""How messages show what was written: in backquotes, on one line, not too long."""

from __future__ import annotations

from collections.abc import Iterable

from causaldsl.source import Span


def shortened(text: str, most: int = 40) -> str:
    """Return a text on one line, cut where it is longer than `most` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 3] + "..."


def quoted(span: Span) -> str:
    """Return what stands at a place, in backquotes."""
    return f"`{shortened(span.text)}`"


def listed(names: Iterable[str], most: int = 6, word: str = ", ") -> str:
    """Return names in backquotes, at most so many of them."""
    shown = [f"`{name}`" for name in names]
    return word.join(shown[:most]) + (", ..." if len(shown) > most else "")
