"""Text positions: which file, and which characters of it.

Offsets are half-open character offsets; line and column are computed only when rendering.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A named text. `path` is what messages show; it need not exist on disk."""

    path: str
    text: str = field(repr=False)

    def line_column(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and column of a character offset."""
        before = self.text[: max(0, min(offset, len(self.text)))]
        line = before.count("\n") + 1
        return line, len(before) - (before.rfind("\n") + 1) + 1

    def line(self, number: int) -> str:
        """Return line `number` (1-based) without its line break, empty beyond the end."""
        lines = self.text.split("\n")
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The half-open character range ``[start, end)`` of a file."""

    file: SourceFile = field(repr=False)
    start: int
    end: int

    @property
    def text(self) -> str:
        """The characters covered."""
        return self.file.text[self.start : self.end]

    @property
    def line(self) -> int:
        """The 1-based line where the span starts."""
        return self.file.line_column(self.start)[0]

    def to(self, other: Span) -> Span:
        """Return the smallest span that covers both."""
        return Span(
            file=self.file, start=min(self.start, other.start), end=max(self.end, other.end)
        )
