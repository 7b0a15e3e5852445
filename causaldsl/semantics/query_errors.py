"""Diagnostics about queries, worlds and claims (CD316 to CD318, CD72x and CD73x)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from causaldsl.diagnostics import codes
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.semantics.wording import listed
from causaldsl.source import Span

# --- queries --------------------------------------------------------------------------------


def no_number(found: str, span: Span, hint: str | None = None) -> Diagnostic:
    """Return the finding that a query is no number about the model."""
    return codes.diagnostic(
        "CD720",
        f"{found} stands outside `E[...]`, `P[...]` and `Q[...]`, expected a number",
        Label(span=span, text="differs from row to row"),
        hint=hint,
    )


def asks_nothing(span: Span) -> Diagnostic:
    """Return the finding that a query asks nothing of the model."""
    return codes.diagnostic(
        "CD720",
        "the query holds no `E[...]`, `P[...]` or `Q[...]`, expected a question to the model",
        Label(span=span, text="a number without the model"),
    )


def nested_expectation(kind: str, span: Span) -> Diagnostic:
    """Return the finding that E, P or Q stands inside another."""
    return codes.diagnostic(
        "CD721",
        f"`{kind}[...]` stands inside another `E`, `P` or `Q`, expected variables and worlds",
        Label(span=span, text="already a number"),
        hint="write the inner one as a query of its own",
    )


def no_event(where: str, span: Span) -> Diagnostic:
    """Return the finding that something which is no event stands where one is needed."""
    return codes.diagnostic(
        "CD722",
        f"this is no event, and {where} needs one",
        Label(span=span, text="expected a comparison, such as `S = White`"),
    )


def event_as_value(kind: str, span: Span) -> Diagnostic:
    """Return the finding that the mean of an event is asked."""
    return codes.diagnostic(
        "CD722",
        f"an event stands inside `{kind}[...]`, expected a number",
        Label(span=span, text="a comparison"),
        hint="write `P[...]` for the probability of an event",
    )


def wrong_quantile(found: str, span: Span) -> Diagnostic:
    """Return the finding that a quantile's level is none."""
    return codes.diagnostic(
        "CD723",
        f"the level of a quantile is {found}, expected a number between 0 and 1",
        Label(span=span, text="no level"),
    )


def comparison_without_order(name: str, op: str, span: Span, declared: Span | None) -> Diagnostic:
    """Return the finding that unordered levels are compared by size."""
    second = () if declared is None else (Label(span=declared, text="no order", primary=False),)
    return codes.diagnostic(
        "CD734",
        f"`{name}` has levels without an order, expected `=` or `!=` and not `{op}`",
        Label(span=span, text="which level is larger is not said"),
        *second,
        hint="declare the levels with `<` between them, or list the cases",
    )


def mean_of_levels(name: str, span: Span) -> Diagnostic:
    """Return the finding that the mean of levels is asked."""
    return codes.diagnostic(
        "CD735",
        f"`{name}` has levels, which have no mean, expected a number",
        Label(span=span, text="levels"),
        hint=f"ask for the probability of one, `P[{name} = ...]`",
    )


# --- worlds ---------------------------------------------------------------------------------


def impossible_value(name: str, found: str, domain: str, span: Span, declared: Span) -> Diagnostic:
    """Return the finding that a variable is set to what it cannot be."""
    return codes.diagnostic(
        "CD724",
        f"`{name}` is set to {found}, expected a value that is {domain}",
        Label(span=span, text=f"not {domain}"),
        Label(span=declared, text="declared here", primary=False),
    )


def compared_to_impossible(
    name: str, found: str, domain: str, span: Span, declared: Span
) -> Diagnostic:
    """Return the finding that a variable is compared to what it cannot be."""
    return codes.diagnostic(
        "CD724",
        f"`{name}` is compared to {found}, expected a value that is {domain}",
        Label(span=span, text=f"not {domain}"),
        Label(span=declared, text="declared here", primary=False),
    )


def set_twice(name: str, span: Span, first: Span) -> Diagnostic:
    """Return the finding that a world sets a variable twice."""
    return codes.diagnostic(
        "CD725",
        f"`{name}` is set twice in one world, expected one value",
        Label(span=span, text="set again"),
        Label(span=first, text="first set here", primary=False),
    )


def wrong_policy(name: str, found: str, expected: Iterable[str], span: Span) -> Diagnostic:
    """Return the finding that a variable is drawn from what is no policy for it."""
    return codes.diagnostic(
        "CD726",
        f"`{name}` is drawn from {found}, expected {listed(expected)}",
        Label(span=span, text=f"does not fit `{name}`"),
    )


def flip_without_levels(name: str, domain: str, span: Span, declared: Span) -> Diagnostic:
    """Return the finding that every other value of a number is asked."""
    return codes.diagnostic(
        "CD727",
        f"`{span.text}` means every other level of `{name}`, which is {domain}",
        Label(span=span, text="no list of other values"),
        Label(span=declared, text="declared here", primary=False),
        hint=f"shift it, `{name} <- {name} + 1`, or draw it, `{name} ~ Uniform(...)`",
    )


def no_such_path(tail: str, head: str, span: Span) -> Diagnostic:
    """Return the finding that a path has a step without an arrow."""
    return codes.diagnostic(
        "CD728",
        f"the path steps from `{tail}` to `{head}`, and no arrow leads there",
        Label(span=span, text=f"no arrow `{tail} -> {head}`"),
    )


def path_elsewhere(name: str, role: str, found: str, span: Span) -> Diagnostic:
    """Return the finding that a path begins or ends at another variable."""
    return codes.diagnostic(
        "CD729",
        f"the path {role} `{found}`, expected `{name}`",
        Label(span=span, text=f"expected `{name}`"),
    )


def recanting(names: Sequence[str], span: Span) -> Diagnostic:
    """Return the finding that a variable would need two values at once."""
    shown = listed(names)
    word = "variable" if len(names) == 1 else "variables"
    return codes.diagnostic(
        "CD730",
        f"the effect along these paths is not defined: {word} {shown} would need two values",
        Label(span=span, text=f"{shown} in two worlds at once"),
        notes=("a recanting witness (Avin, Shpitser and Pearl 2005)",),
        hint=f"take all paths that leave {shown}, or none of them",
    )


def world_of_no_variable(span: Span) -> Diagnostic:
    """Return the finding that another world is asked of something that is no variable."""
    return codes.diagnostic(
        "CD731",
        "another world is asked of something that is no variable",
        Label(span=span, text="expected a variable"),
        hint="write the world behind each variable",
    )


def without_effect(name: str, base: str, span: Span) -> Diagnostic:
    """Return the warning that an intervention cannot change what is asked."""
    return codes.diagnostic(
        "CD732",
        f"setting `{name}` cannot change `{base}`, which does not descend from it",
        Label(span=span, text="without effect"),
    )


# --- claims ---------------------------------------------------------------------------------


def refuted(claim: str, reason: str, span: Span) -> Diagnostic:
    """Return the finding that the graph refutes a claim."""
    return codes.diagnostic(
        "CD316",
        f"the graph refutes `{claim}`: {reason}",
        Label(span=span, text="does not hold"),
    )


def undecided(claim: str, reason: str, span: Span) -> Diagnostic:
    """Return the warning that the graph alone does not decide a claim."""
    return codes.diagnostic(
        "CD317",
        f"the graph does not decide `{claim}`: {reason}",
        Label(span=span, text="neither proved nor refuted"),
    )


def overlapping(name: str, span: Span) -> Diagnostic:
    """Return the finding that a claim has a variable on two sides."""
    return codes.diagnostic(
        "CD318",
        f"`{name}` stands in the claim twice, expected different variables",
        Label(span=span, text="stands on two sides"),
    )
