"""Diagnostics about declarations: domains, sizes, columns, recodings, params (CD2xx)."""

from __future__ import annotations

from causaldsl.diagnostics import codes
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.source import Span


def level_twice(level: str, span: Span) -> Diagnostic:
    """Return the finding that a domain lists a level twice."""
    return codes.diagnostic(
        "CD201",
        f"level `{level}` is written twice, expected different levels",
        Label(span=span, text=f"`{level}` twice"),
    )


def too_few_levels(found: int, span: Span) -> Diagnostic:
    """Return the finding that a domain has fewer than two levels."""
    return codes.diagnostic(
        "CD202",
        f"the domain has {found} level, expected at least two",
        Label(span=span, text="nothing to choose from"),
        hint="list every level that the variable can take",
    )


def wrong_size(name: str, found: str, span: Span) -> Diagnostic:
    """Return the finding that a size is no whole number above zero."""
    return codes.diagnostic(
        "CD203",
        f"the size of `{name}` is {found}, expected one whole number above zero",
        Label(span=span, text="no size"),
    )


def beyond_limit(what: str, found: int, most: int, span: Span) -> Diagnostic:
    """Return the finding that a model is larger than the limits allow."""
    return codes.diagnostic(
        "CD204",
        f"{what} is {found}, expected at most {most}",
        Label(span=span, text="beyond the limit"),
    )


def columns_and_cells(name: str, columns: int, cells: int, span: Span) -> Diagnostic:
    """Return the finding that a variable has another number of columns than cells."""
    return codes.diagnostic(
        "CD205",
        f"`{name}` has {cells} {'cell' if cells == 1 else 'cells'} and {columns} "
        f"{'column' if columns == 1 else 'columns'}, expected as many columns as cells",
        Label(span=span, text=f"{columns} {'column' if columns == 1 else 'columns'}"),
    )


def column_twice(column: str, span: Span) -> Diagnostic:
    """Return the finding that an array reads a column twice."""
    return codes.diagnostic(
        "CD205",
        f'column "{column}" is named twice, expected a column of its own for each cell',
        Label(span=span, text="named twice"),
    )


def one_column_for_many(names: int, span: Span) -> Diagnostic:
    """Return the finding that several variables are bound to the same columns."""
    return codes.diagnostic(
        "CD205",
        f"{names} variables are declared with one `from`, expected one variable beside it",
        Label(span=span, text="read by each of them"),
        hint="declare each variable on a line of its own",
    )


def unknown_transform(name: str, known: tuple[str, ...], span: Span) -> Diagnostic:
    """Return the finding that a column's transform is unknown."""
    listed = ", ".join(f"`{word}`" for word in known)
    return codes.diagnostic(
        "CD206",
        f"unknown transform `{name}`, expected one of {listed}",
        Label(span=span, text="unknown transform"),
    )


def transform_against_domain(
    transform: str, name: str, domain: str, span: Span, declared: Span
) -> Diagnostic:
    """Return the finding that a transform's values are none of the domain's."""
    return codes.diagnostic(
        "CD206",
        f"`{transform}` does not fit `{name}`, which is {domain}",
        Label(span=span, text=f"its values are not all {domain}"),
        Label(span=declared, text="declared here", primary=False),
    )


def transform_of_recoded(transform: str, span: Span) -> Diagnostic:
    """Return the finding that a column is both transformed and recoded."""
    return codes.diagnostic(
        "CD206",
        f"`{transform}` stands beside `as`, expected one of the two",
        Label(span=span, text="recoded values are not transformed"),
        hint=f"write the transformed numbers into the `as` table and leave `{transform}` out",
    )


def recode_outside(value: str, name: str, domain: str, span: Span) -> Diagnostic:
    """Return the finding that a recoding gives what the variable cannot be."""
    return codes.diagnostic(
        "CD207",
        f"`as` gives `{value}`, expected a value of `{name}`, which is {domain}",
        Label(span=span, text=f"not in {domain}"),
    )


def level_never_recoded(level: str, name: str, span: Span) -> Diagnostic:
    """Return the warning that no value of the table becomes a level."""
    return codes.diagnostic(
        "CD208",
        f"no value is recoded to `{level}` of `{name}`",
        Label(span=span, text=f"`{level}` is never given"),
    )


def else_without_values(word: str, name: str, domain: str, span: Span) -> Diagnostic:
    """Return the finding that `else` speaks of unlisted values where none are listed."""
    return codes.diagnostic(
        "CD210",
        f"`else {word}` stands behind `{name}`, which is {domain} and lists no values",
        Label(span=span, text="every value is listed"),
        hint="leave it out, or list the values with `as`",
    )


def bound_unobserved(name: str, role: str, clause: str, span: Span) -> Diagnostic:
    """Return the finding that an unobserved variable is bound to the table."""
    return codes.diagnostic(
        "CD211",
        f"`{name}` is {role}, which no table holds, and has a `{clause}` clause",
        Label(span=span, text="unobserved"),
        hint=f"leave `{clause}` out, or declare `{name}` as `observed`",
    )


def wrong_image(sizes: tuple[int, ...], span: Span) -> Diagnostic:
    """Return the finding that an image has impossible sizes."""
    shown = ", ".join(str(size) for size in sizes)
    return codes.diagnostic(
        "CD212",
        f"an image has the sizes {shown}, expected channels, height and width above zero",
        Label(span=span, text="no picture"),
    )


def array_of(name: str, domain: str, span: Span) -> Diagnostic:
    """Return the finding that an array is asked of a domain that has none."""
    return codes.diagnostic(
        "CD213",
        f"`{name}` is an array of {domain}, expected an array of numbers",
        Label(span=span, text="an array"),
        hint="declare one variable for each cell",
    )


def wrong_param(name: str, span: Span) -> Diagnostic:
    """Return the finding that a param holds what no param can."""
    return codes.diagnostic(
        "CD223",
        f"`{name}` is no number, list of numbers, table of numbers or word",
        Label(span=span, text="not a value of a param"),
    )


def wrong_override(name: str, found: str, expected: str, span: Span) -> Diagnostic:
    """Return the finding that a param is overridden with a value of another type."""
    return codes.diagnostic(
        "CD224",
        f"`{name}` is overridden with {found}, expected {expected}",
        Label(span=span, text=f"declared as {expected}"),
    )
