"""How each variable's own noise is shared across worlds."""

from __future__ import annotations

from collections.abc import Mapping

from causaldsl.diagnostics import codes
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.semantics import name_errors
from causaldsl.semantics.mechanisms import CheckedMechanism
from causaldsl.semantics.model import CouplingWord, Mechanism, Structural
from causaldsl.semantics.scope import Scope
from causaldsl.semantics.structure import expand
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.distributions import FAMILIES

WORDS: tuple[CouplingWord, ...] = ("additive", "quantile", "gumbel", "independent")

_BY_NOISE: dict[str, CouplingWord] = {
    "location_scale": "additive",
    "log_location_scale": "additive",
    "quantile": "quantile",
    "gumbel": "gumbel",
    "none": "independent",
}


def check_couplings(
    scope: Scope, mechanisms: Mapping[str, CheckedMechanism]
) -> dict[str, CouplingWord]:
    """Return the coupling of each variable: its own line, the file's, or its family's."""
    default: CouplingWord | None = None
    own: dict[str, CouplingWord] = {}
    stated: dict[str, Span] = {}
    for statement in scope.names.of(nodes.CouplingStatement):
        word = statement.word
        if word.name not in WORDS:
            scope.findings.add(name_errors.unknown_word(word.name, WORDS, word.span))
            continue
        coupling: CouplingWord = word.name
        if not statement.targets:
            if coupling != "independent":
                scope.findings.add(coupling_of_every_family(coupling, word.span))
            default = coupling
            continue
        for name in statement.targets:
            for member in expand(
                (name,), scope.names, scope.variables, scope.groups, scope.findings
            ):
                if member in stated:
                    scope.findings.add(second_coupling(member, name.span, stated[member]))
                    continue
                stated[member] = name.span
                natural = natural_coupling(mechanisms[member].mechanism)
                if coupling not in (natural, "independent"):
                    finding = coupling_against_family(member, coupling, natural, word.span)
                    scope.findings.add(finding)
                own[member] = coupling
    return {
        name: own.get(name) or _with_default(checked.mechanism, default)
        for name, checked in mechanisms.items()
    }


def _with_default(mechanism: Mechanism, default: CouplingWord | None) -> CouplingWord:
    """Return the family's coupling; of the file's words only `independent` fits every family."""
    return "independent" if default == "independent" else natural_coupling(mechanism)


def natural_coupling(mechanism: Mechanism) -> CouplingWord:
    """Return the coupling that a mechanism's family has by default."""
    if isinstance(mechanism, Structural):
        return "additive"
    return _BY_NOISE[FAMILIES[mechanism.family].noise]


def coupling_against_family(name: str, word: str, natural: str, span: Span) -> Diagnostic:
    """Return the finding that a variable's noise cannot be shared in this way."""
    return codes.diagnostic(
        "CD451",
        f"`{name}` cannot be coupled by `{word}`, expected `{natural}` or `independent`",
        Label(span=span, text="does not fit its family"),
    )


def coupling_of_every_family(word: str, span: Span) -> Diagnostic:
    """Return the finding that one family's coupling is asked of every variable."""
    return codes.diagnostic(
        "CD451",
        f"`{word}` cannot couple every variable, expected `independent` for the whole file",
        Label(span=span, text="fits some families only"),
        hint=f"leave the line out: variables that `{word}` fits are coupled so already",
    )


def second_coupling(name: str, span: Span, first: Span) -> Diagnostic:
    """Return the finding that a variable has two couplings."""
    return codes.diagnostic(
        "CD452",
        f"`{name}` has a second coupling, expected one for each variable",
        Label(span=span, text="stated again"),
        Label(span=first, text="first coupling", primary=False),
    )
