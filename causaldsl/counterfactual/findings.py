"""Diagnostics of evidence and interventions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.diagnostics.suggest import did_you_mean
from causaldsl.engines.findings import rows_text
from causaldsl.source import Span


def _labels(span: Span | None) -> tuple[Label, ...]:
    return () if span is None else (Label(span=span),)


def unknown_variable(
    name: str, known: Iterable[str], place: str, span: Span | None = None
) -> Diagnostic:
    """Report a name that no variable has, in the evidence or an intervention."""
    return diagnostic(
        "CD707",
        f"the model has no variable `{name}`, named in the {place}",
        *_labels(span),
        hint=did_you_mean(name, known),
    )


def unknown_query(name: str, known: Iterable[str]) -> Diagnostic:
    """Report a name that none of the file's queries has."""
    names = tuple(known)
    listed = f"its queries are {', '.join(f'`{n}`' for n in names)}" if names else "it has none"
    return diagnostic(
        "CD742", f"the model has no query `{name}`: {listed}", hint=did_you_mean(name, names)
    )


def unobserved_evidence(name: str) -> Diagnostic:
    """Report evidence about a variable that no table holds."""
    return diagnostic(
        "CD708",
        f"`{name}` is unobserved and cannot be evidence",
        hint="leave it out: it is abducted from the rest",
    )


def unreadable_evidence(name: str, reason: str, rows: Sequence[int] = ()) -> Diagnostic:
    """Report evidence values of the wrong size, or not finite."""
    return diagnostic(
        "CD709",
        f"the evidence for `{name}` {reason}",
        place=rows_text(rows) if rows else None,
    )


def unknown_level(
    level: str, name: str, levels: Sequence[str], span: Span | None = None
) -> Diagnostic:
    """Report a level that the intervened variable does not have."""
    return diagnostic(
        "CD712",
        f"`{level}` is no level of `{name}`",
        *_labels(span),
        hint=did_you_mean(level, levels) or f"its levels are {', '.join(f'`{x}`' for x in levels)}",
    )


def cannot_compute(what: str, reason: str, span: Span | None = None) -> Diagnostic:
    """Report an expression whose value in a world is not a number."""
    return diagnostic("CD713", f"`{what}` cannot be computed here: {reason}", *_labels(span))


def flip_without_fact(name: str, hint: str | None = None) -> Diagnostic:
    """Report a flip of a variable whose own value is not given."""
    return diagnostic(
        "CD714",
        f"the other values of `{name}` are asked for, and its own is not in the evidence",
        hint=hint or f"add `{name}` to the evidence, or name a level",
    )


def image_target(name: str, span: Span | None = None) -> Diagnostic:
    """Report an intervention on a picture."""
    return diagnostic("CD715", f"`{name}` is an image and cannot be set", *_labels(span))


def array_target(name: str, size: int, span: Span | None = None) -> Diagnostic:
    """Report an intervention that sets an array to something that is no array of its size."""
    return diagnostic(
        "CD715",
        f"`{name}` is an array of {size} cells and cannot be set to one value",
        *_labels(span),
        hint=f"set what it is made from, or hand it on from another world, `{name} <- {name}[...]`",
    )


def path_target(name: str, span: Span | None = None) -> Diagnostic:
    """Report a change along some paths only."""
    return diagnostic(
        "CD716",
        f"a change of `{name}` along some paths only is not computed yet",
        *_labels(span),
        hint="leave `along` out, and the change runs along every path",
    )


def wrong_draws(draws: object) -> Diagnostic:
    """Report a number of draws that is no whole number above zero."""
    return diagnostic(
        "CD717", f"the number of draws is {draws!r} and must be a whole number above 0"
    )


def not_finite(name: str, rows: Sequence[int] = (), span: Span | None = None) -> Diagnostic:
    """Report an intervention that sets infinity or no number at all."""
    return diagnostic(
        "CD718",
        f"the intervention gives `{name}` a value that is not finite",
        *_labels(span),
        place=rows_text(rows) if rows else None,
    )


def not_finite_draw(name: str, rows: Sequence[int]) -> Diagnostic:
    """Report a model that draws infinity, or no number at all."""
    return diagnostic(
        "CD719",
        f"the model draws a value of `{name}` that is not finite",
        place=rows_text(rows),
        hint=f"look at the mechanism of `{name}`: its numbers, or an `exp` that runs away",
    )


def outside_domain(
    name: str, domain: str, rows: Sequence[int] = (), span: Span | None = None
) -> Diagnostic:
    """Report an intervention that sets a value outside the variable's domain."""
    return diagnostic(
        "CD724",
        f"the intervention gives `{name}` a value that is not {domain}",
        *_labels(span),
        place=rows_text(rows) if rows else None,
    )


def set_twice(name: str, span: Span | None = None) -> Diagnostic:
    """Report two values for one variable in one world."""
    return diagnostic(
        "CD725",
        f"`{name}` is set twice in one world",
        *_labels(span),
        hint="keep one of the two",
    )


def wrong_policy(name: str, family: str, reason: str, span: Span | None = None) -> Diagnostic:
    """Report a policy that draws what the variable cannot be."""
    return diagnostic("CD726", f"`{family}` cannot draw `{name}`: {reason}", *_labels(span))


def flip_without_levels(name: str, domain: str, span: Span | None = None) -> Diagnostic:
    """Report a flip of a variable that has no list of values."""
    return diagnostic(
        "CD727",
        f"`{name}` is {domain} and has no list of other values",
        *_labels(span),
        hint="set a value, shift it, or draw it from a policy",
    )


def untrained_mechanism(name: str, span: Span | None = None) -> Diagnostic:
    """Report a variable of weight 0 in the ELBO that an answer would have to compute."""
    return diagnostic(
        "CD750",
        f"the answer needs `{name}` computed by its mechanism, and the fit has not taught that: "
        f"`{name}` has weight 0 in `elbo`",
        *_labels(span),
        hint=f"take `{name}` out of `weights`, or draw no arrow from what is set into it",
    )


def no_such_rows(facts: str, n_rows: int, span: Span | None = None) -> Diagnostic:
    """Report facts behind a bar that no drawn row has."""
    return diagnostic(
        "CD740",
        f"none of {n_rows} drawn rows has the facts `{facts}`",
        *_labels(span),
        hint="draw more rows, or state a range: a real number never equals another",
    )


def too_few_rows(n_rows: int) -> Diagnostic:
    """Report a number of rows that no error can be told from."""
    return diagnostic("CD741", f"a query draws at least 1000 rows, not {n_rows}")
