"""Collects the findings of a stage, each mistake once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
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


def _position(diagnostic: Diagnostic) -> tuple[str, int]:
    span = diagnostic.span
    return ("", -1) if span is None else (span.file.path, span.start)
