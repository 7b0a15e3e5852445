"""What the checks share: the findings so far, and the names a model declares.

`Findings` is the one place that is written to while checking. A name that was reported joins
`Findings.reported`, and no check says anything more about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.semantics.model import ColumnBinding, Hyper, MissingWord, Parameter
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import Domain
from causaldsl.vocabulary.roles import Role

SymbolKind = Literal["variable", "group", "param", "parameter"]
MAX_SUGGESTIONS = 50
StatementT = TypeVar("StatementT", bound=nodes.Statement)


@dataclass(slots=True)
class Findings:
    """Every diagnostic of one run, and the names that need no further word."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)
    has_errors: bool = False
    _seen: set[tuple[str, int, int]] = field(default_factory=set)

    def add(self, diagnostic: Diagnostic, *names: str) -> None:
        """Keep a finding, once for its place; `names` cause no follow-up errors."""
        self.reported.update(names)
        span = diagnostic.span
        if span is not None:
            key = (diagnostic.code, span.start, span.end)
            if key in self._seen:
                return
            self._seen.add(key)
        self.has_errors = self.has_errors or diagnostic.severity == "error"
        self.diagnostics.append(diagnostic)

    @property
    def is_suggesting(self) -> bool:
        """Whether to look for similar names still: each look costs as much as there are names."""
        return len(self.diagnostics) < MAX_SUGGESTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A declared name: what it names, and where."""

    name: str
    kind: SymbolKind
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredVariable:
    """A variable as its declaration says, before arrows and mechanisms.

    `order` is its place among the declarations.
    """

    name: str
    role: Role
    domain: Domain
    size: int | None
    binding: ColumnBinding | None
    missing: MissingWord
    label: str | None
    order: int
    span: Span
    stand_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The declared names of a model, and its statements."""

    program: nodes.Program
    symbols: Mapping[str, Symbol]

    def of(self, kind: type[StatementT]) -> Iterator[StatementT]:
        """Return the statements of one kind, in the order of the text."""
        return (s for s in self.program.statements if isinstance(s, kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an expression may name. `parents` are each variable's, in the order of the arrows."""

    names: Names
    hypers: Mapping[str, Hyper]
    variables: Mapping[str, DeclaredVariable]
    groups: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, Parameter]
    parents: Mapping[str, tuple[str, ...]]
    findings: Findings

    def members(self, name: str) -> tuple[str, ...]:
        """Return a group's members, or the name alone."""
        return self.groups.get(name, (name,))
