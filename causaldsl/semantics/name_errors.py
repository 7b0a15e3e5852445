"""Diagnostics about names (CD1xx) and about the file's outline (CD08x), one function each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from causaldsl.diagnostics import codes
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.diagnostics.suggest import did_you_mean, suggest
from causaldsl.source import SourceFile, Span

KIND_WORDS = {
    "variable": "a variable",
    "group": "a group",
    "param": "a param",
    "parameter": "a learned parameter",
}


def first_character(source: SourceFile) -> Span:
    """Return the span of the first character of a file, for what is missing from it."""
    return Span(file=source, start=0, end=min(1, len(source.text)))


def _declared_here(span: Span | None) -> tuple[Label, ...]:
    return () if span is None else (Label(span=span, text="declared here", primary=False),)


# --- the outline of the file ----------------------------------------------------------------


def no_header(source: SourceFile) -> Diagnostic:
    """Return the finding that a file names no model."""
    return codes.diagnostic(
        "CD081",
        "the file has no header, expected `scm NAME` as its first statement",
        Label(span=first_character(source), text="the model has no name"),
        hint="begin the file with `scm my_model`",
    )


def header_not_first(span: Span, first: Span) -> Diagnostic:
    """Return the finding that a statement stands above the header."""
    return codes.diagnostic(
        "CD082",
        "`scm` stands behind another statement, expected it to be the first",
        Label(span=span, text="the header"),
        Label(span=first, text="this statement comes before it", primary=False),
        hint="move the `scm` line to the top of the file",
    )


def second_header(span: Span, first: Span) -> Diagnostic:
    """Return the finding that a file names two models."""
    return codes.diagnostic(
        "CD083",
        "the file has a second header, expected one model in a file",
        Label(span=span, text="second header"),
        Label(span=first, text="first header", primary=False),
        hint="put the second model into a file of its own",
    )


def statement_twice(word: str, span: Span, first: Span) -> Diagnostic:
    """Return the finding that a statement which stands once for the file is repeated."""
    return codes.diagnostic(
        "CD084",
        f"`{word}` is stated a second time, expected it once in a file",
        Label(span=span, text="stated again"),
        Label(span=first, text="first stated here", primary=False),
        hint="keep one of the two lines",
    )


# --- names ----------------------------------------------------------------------------------


def declared_twice(name: str, kind: str, span: Span, first: Span) -> Diagnostic:
    """Return the finding that a name is declared a second time."""
    return codes.diagnostic(
        "CD101",
        f"`{name}` is declared a second time, as {kind}, expected one meaning for a name",
        Label(span=span, text="declared again"),
        Label(span=first, text="first declared here", primary=False),
        hint="rename one of the two",
    )


def unknown_name(
    name: str, expected: str, span: Span, candidates: Mapping[str, Span | None]
) -> Diagnostic:
    """Return the finding that a name is declared nowhere."""
    found = suggest(name, candidates)
    near = candidates[found[0]] if len(found) == 1 else None
    return codes.diagnostic(
        "CD102",
        f"unknown name `{name}`, expected {expected}",
        Label(span=span, text="not declared in this model"),
        *_declared_here(near),
        hint=did_you_mean(name, candidates),
    )


def reserved_word(name: str, span: Span) -> Diagnostic:
    """Return the finding that a word of the language is declared as a name."""
    return codes.diagnostic(
        "CD103",
        f"`{name}` is a word of the language, expected another name here",
        Label(span=span, text="reserved"),
        hint=f"rename it, for example `{name}_`, and bind a column with `from`",
    )


def wrong_kind(name: str, found: str, expected: str, span: Span, declared: Span) -> Diagnostic:
    """Return the finding that a name names something of another kind."""
    return codes.diagnostic(
        "CD105",
        f"`{name}` is {KIND_WORDS.get(found, found)}, expected {expected}",
        Label(span=span, text=f"expected {expected}"),
        *_declared_here(declared),
    )


def unknown_call(name: str, expected: str, span: Span, candidates: Iterable[str]) -> Diagnostic:
    """Return the finding that no function, family, network or term has this name."""
    return codes.diagnostic(
        "CD106",
        f"unknown {expected} `{name}`",
        Label(span=span, text="no call of this name"),
        hint=did_you_mean(name, candidates),
    )


def unknown_level(
    level: str, of: str, levels: tuple[str, ...], span: Span, declared: Span | None
) -> Diagnostic:
    """Return the finding that a level is none of a variable's or a table's."""
    shown = ", ".join(f"`{known}`" for known in levels[:8]) + (", ..." if len(levels) > 8 else "")
    return codes.diagnostic(
        "CD107",
        f"`{level}` is no level of `{of}`, expected one of {shown}",
        Label(span=span, text="unknown level"),
        *_declared_here(declared),
        hint=did_you_mean(level, levels),
    )


def unknown_setting(name: str, call: str, known: Iterable[str], span: Span) -> Diagnostic:
    """Return the finding that a call does not take this setting."""
    listed = sorted(known)
    shown = ", ".join(f"`{word}`" for word in listed) if listed else "no settings"
    return codes.diagnostic(
        "CD108",
        f"`{call}` has no setting `{name}`, expected {shown}",
        Label(span=span, text="unknown setting"),
        hint=did_you_mean(name, listed),
    )


def setting_twice(name: str, span: Span, first: Span) -> Diagnostic:
    """Return the finding that a setting is given twice."""
    return codes.diagnostic(
        "CD109",
        f"setting `{name}` is given a second time, expected it once",
        Label(span=span, text="given again"),
        Label(span=first, text="first given here", primary=False),
    )


def unknown_word(word: str, expected: Iterable[str], span: Span) -> Diagnostic:
    """Return the finding that a word is none of those that may stand here."""
    listed = list(expected)
    shown = ", ".join(f"`{known}`" for known in listed)
    return codes.diagnostic(
        "CD110",
        f"unknown word `{word}`, expected one of {shown}",
        Label(span=span, text="unknown word"),
        hint=did_you_mean(word, listed),
    )


def never_used(name: str, kind: str, span: Span) -> Diagnostic:
    """Return the warning that a declared name is used nowhere."""
    return codes.diagnostic(
        "CD111",
        f"`{name}` is declared as {kind} and never used",
        Label(span=span, text="never used"),
        hint=f"remove `{name}` or use it",
    )


def unknown_override(name: str, candidates: Iterable[str]) -> Diagnostic:
    """Return the finding that an override names no param of the model."""
    return codes.diagnostic(
        "CD112",
        f"the model has no param `{name}` to override",
        place=f"override `{name}`",
        hint=did_you_mean(name, candidates),
    )


def parents_out_of_place(span: Span, reason: str) -> Diagnostic:
    """Return the finding that `parents` stands where it means nothing."""
    return codes.diagnostic(
        "CD113",
        f"`parents` is out of place: {reason}",
        Label(span=span, text="expected names"),
        hint="write the names out",
    )
