"""Collects the findings of a stage, each mistake once."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from causaldsl.diagnostics.model import Diagnostic


@dataclass(slots=True)
class Collector:
    """The findings of a stage so far.

    `once` drops what was reported under the same key before: a name that is already reported does
    not cause follow-up errors.
    """

    _found: list[Diagnostic] = field(default_factory=list)
    _keys: set[Hashable] = field(default_factory=set)

    def add(self, diagnostic: Diagnostic) -> None:
        """Take a finding, unless the very same is there already."""
        if diagnostic not in self._found:
            self._found.append(diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Take several findings."""
        for diagnostic in diagnostics:
            self.add(diagnostic)

    def once(self, key: Hashable, diagnostic: Diagnostic) -> None:
        """Take a finding, unless something was reported under this key."""
        if key not in self._keys:
            self._keys.add(key)
            self.add(diagnostic)

    def reported(self, key: Hashable) -> bool:
        """Say whether something was reported under this key."""
        return key in self._keys

    @property
    def has_errors(self) -> bool:
        """Whether an error was found."""
        return any(diagnostic.severity == "error" for diagnostic in self._found)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What was found, down the text; what has no place in a text comes first."""
        return tuple(sorted(self._found, key=_position))


#: What a statement that could not be read may have supplied: a header, an arrow, a loss.
_ABSENCES = frozenset(
    {"CD081", "CD304", "CD308", "CD310", "CD312", "CD316", "CD317", "CD441", "CD444", "CD728"}
)


def without_echoes(
    later: Sequence[Diagnostic], earlier: Sequence[Diagnostic]
) -> tuple[Diagnostic, ...]:
    """Return the findings of a stage that do not merely follow from the errors of the one before.

    Where a statement could not be read, the names it declares and the arrows it draws are missing
    from the rest of the file: what speaks of them, of the statement's own lines or of something
    missing is left out, and so are warnings.
    """
    spans = [d.span for d in earlier if d.severity == "error" and d.span is not None]
    if not spans:
        return tuple(later)
    broken = {(span.file.path, span.line): span.file.line(span.line) for span in spans}
    words = {word for line in broken.values() for word in re.findall(r"[^\W\d]\w*'*", line)}
    return tuple(d for d in later if not _is_echo(d, broken, words))


def _is_echo(
    diagnostic: Diagnostic, broken: Iterable[tuple[str, int]], words: Iterable[str]
) -> bool:
    span = diagnostic.span
    if diagnostic.severity != "error" or diagnostic.code in _ABSENCES:
        return True
    if span is None:
        return False
    unknown = diagnostic.code == "CD102" and span.text in words
    return unknown or (span.file.path, span.line) in broken


def _position(diagnostic: Diagnostic) -> tuple[str, int]:
    span = diagnostic.span
    return ("", -1) if span is None else (span.file.path, span.start)
