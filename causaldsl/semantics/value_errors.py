"""Diagnostics about numbers, levels, sizes and tables inside expressions (CD2xx)."""

from __future__ import annotations

from collections.abc import Iterable

from causaldsl.diagnostics import codes
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.semantics.wording import listed, quoted
from causaldsl.source import Span


def key_twice(key: str, span: Span, first: Span) -> Diagnostic:
    """Return the finding that a table or recoding has a key twice."""
    return codes.diagnostic(
        "CD209",
        f"key `{key}` is written a second time, expected each key once",
        Label(span=span, text="written again"),
        Label(span=first, text="first written here", primary=False),
        hint="remove one of the two entries",
    )


def sizes_differ(left: int, right: int, span: Span) -> Diagnostic:
    """Return the finding that two arrays of different sizes meet."""
    return codes.diagnostic(
        "CD214",
        f"an array of {left} cells meets one of {right}, expected equal sizes or a single number",
        Label(span=span, text=f"{left} and {right} cells"),
    )


def tables_differ(left: tuple[str, ...], right: tuple[str, ...], span: Span) -> Diagnostic:
    """Return the finding that two tables with different levels meet."""
    return codes.diagnostic(
        "CD214",
        f"a table over {listed(left)} meets one over {listed(right)}, expected the same levels",
        Label(span=span, text="different levels"),
    )


def level_as_number(name: str, span: Span) -> Diagnostic:
    """Return the finding that a variable with levels stands where a number is needed."""
    return codes.diagnostic(
        "CD215",
        f"`{name}` has levels, expected a number here",
        Label(span=span, text="a level is no number"),
        hint=f"read a table, `t[{name}]`, or write `code({name})` for the level's position",
    )


def code_of_number(name: str, span: Span) -> Diagnostic:
    """Return the finding that `code` is given something without levels."""
    return codes.diagnostic(
        "CD225",
        f"`code` is given `{name}`, expected a variable that has levels",
        Label(span=span, text="has no levels"),
        hint="leave `code` out",
    )


def not_a_number(found: str, span: Span) -> Diagnostic:
    """Return the finding that something other than a number stands where one is needed."""
    return codes.diagnostic(
        "CD225",
        f"{found} stands here, expected a number",
        Label(span=span, text="expected a number"),
    )


def wrong_index(name: str, reason: str, span: Span, hint: str | None = None) -> Diagnostic:
    """Return the finding that something cannot be read at this index."""
    return codes.diagnostic(
        "CD216", f"`{name}` cannot be read here: {reason}", Label(span=span), hint=hint
    )


def table_lacks(
    table: str,
    of: str,
    missing: Iterable[str],
    span: Span,
    declared: Span | None,
    what: str = "the table",
) -> Diagnostic:
    """Return the finding that a table says nothing about some levels of a variable."""
    missing = tuple(missing)
    second = () if declared is None else (Label(span=declared, text=what, primary=False),)
    return codes.diagnostic(
        "CD217",
        f"{table} has no entry for {listed(missing)}, expected one for each level of `{of}`",
        Label(span=span, text="not every level is listed"),
        *second,
        hint=f"add {listed(missing)} to the table",
    )


def several_numbers(what: str, span: Span, hint: str | None = None) -> Diagnostic:
    """Return the finding that a table, list or array stands where one number is needed."""
    return codes.diagnostic(
        "CD218",
        f"{what} holds several numbers, expected one",
        Label(span=span, text="several numbers"),
        hint=hint,
    )


def too_large(span: Span) -> Diagnostic:
    """Return the finding that a number is beyond what the computer can hold."""
    return codes.diagnostic(
        "CD219",
        f"{quoted(span)} is too large, expected a finite number",
        Label(span=span, text="infinite"),
    )


def division_by_zero(span: Span) -> Diagnostic:
    """Return the finding that a divisor is always zero."""
    return codes.diagnostic(
        "CD220",
        "this divides by zero, expected a divisor that can be another number",
        Label(span=span, text="always zero"),
    )


def outside_function(function: str, found: str, expected: str, span: Span) -> Diagnostic:
    """Return the finding that a function is given what it is not defined for."""
    return codes.diagnostic(
        "CD221",
        f"`{function}` is given {found}, expected {expected}",
        Label(span=span, text=found),
    )


def group_as_value(name: str, members: Iterable[str], span: Span) -> Diagnostic:
    """Return the finding that a group stands where one variable is needed."""
    return codes.diagnostic(
        "CD222",
        f"`{name}` is a group of {listed(members)}, expected one variable",
        Label(span=span, text="several variables"),
        hint="name one member, or give the group to a network",
    )
