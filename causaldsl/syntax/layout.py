"""Breaks long lines where the language lets a line continue: inside brackets and after a comma.

A document is a sequence of texts and of groups, whose items may each begin a new line. What a
document looks like depends on nothing but the document, so that printing twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 100
# A bracket that opens farther right than this has its items on lines of their own.
_FAR = 60
_INDENT = 4


@dataclass(frozen=True, slots=True)
class Group:
    """Items between brackets, or behind one another; `ends[i]` follows item `i` on its line.

    A group without brackets of its own that `needs_bracket` breaks only inside another's.
    """

    opening: str
    items: tuple[Doc, ...]
    ends: tuple[str, ...]
    closing: str
    needs_bracket: bool = False
    flat: str = ""


Doc = tuple[str | Group, ...]


def flat(doc: Doc) -> str:
    """Return the document on one line."""
    return "".join(part if isinstance(part, str) else part.flat for part in doc)


def group(
    opening: str,
    items: Sequence[Doc],
    closing: str,
    *,
    ends: Sequence[str] | None = None,
    needs_bracket: bool = False,
) -> Doc:
    """Return a group; its items are followed by commas unless `ends` says otherwise."""
    behind = ("," for _ in items[1:]) if ends is None else ends
    all_ends = (*behind, "")
    inner = " ".join(flat(item) + end for item, end in zip(items, all_ends, strict=False))
    return (
        Group(
            opening=opening,
            items=tuple(items),
            ends=all_ends,
            closing=closing,
            needs_bracket=needs_bracket,
            flat=f"{opening}{inner}{closing}",
        ),
    )


def lay_out(doc: Doc) -> list[str]:
    """Return the lines of a document, none wider than `WIDTH` where it can be broken."""
    page = _Page()
    page.doc(doc, 0, 0, in_bracket=False)
    page.new_line(0)
    return page.lines


class _Page:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self._line: list[str] = []
        self._column = 0

    def new_line(self, column: int) -> None:
        """End the line and indent the next."""
        self.lines.append("".join(self._line).rstrip())
        self._line = [" " * column]
        self._column = column

    def text(self, text: str) -> None:
        """Write a text that cannot be broken."""
        self._line.append(text)
        self._column += len(text)

    def doc(self, doc: Doc, indent: int, tail: int, *, in_bracket: bool) -> None:
        """Write a document that `tail` more columns follow."""
        groups = [position for position, part in enumerate(doc) if not isinstance(part, str)]
        last = groups[-1] if groups else len(doc)
        behind = tail + len(flat(doc[last + 1 :]))
        for position, part in enumerate(doc):
            if isinstance(part, str):
                self.text(part)
            else:
                follows = behind if position == last else 1
                self.group(part, indent, follows, in_bracket=in_bracket)

    def group(self, part: Group, indent: int, tail: int, *, in_bracket: bool) -> None:
        """Write a group, on one line when it fits or may not be broken."""
        fits = self._column + len(part.flat) + tail <= WIDTH
        if fits or (part.needs_bracket and not in_bracket) or not part.items:
            self.text(part.flat)
            return
        self.text(part.opening)
        column = self._column
        if part.opening and column > _FAR:
            column = indent + _INDENT
            self.new_line(column)
        elif not part.opening and not part.needs_bracket:
            column = max(indent, min(column, _FAR))
        inside = in_bracket or bool(part.opening)
        last = len(part.items) - 1
        for position, (item, end) in enumerate(zip(part.items, part.ends, strict=True)):
            after = len(part.closing) + tail if position == last else len(end)
            if position and self._column + 1 + len(flat(item)) + after <= WIDTH:
                self.text(" ")
            elif position:
                self.new_line(column)
            self.doc(item, column, after, in_bracket=inside)
            self.text(end)
        self.text(part.closing)
