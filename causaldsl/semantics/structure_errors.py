"""Diagnostics about arrows, cycles, groups and roles (CD301 to CD315)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from causaldsl.diagnostics import codes
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.source import Span


def arrow_twice(tail: str, head: str, span: Span, first: Span, sign: str = "->") -> Diagnostic:
    """Return the finding that an arrow is drawn a second time."""
    return codes.diagnostic(
        "CD301",
        f"arrow `{tail} {sign} {head}` is drawn a second time, expected each arrow once",
        Label(span=span, text="drawn again"),
        Label(span=first, text="first drawn here", primary=False),
        hint="remove one of the two",
    )


def self_arrow(name: str, span: Span) -> Diagnostic:
    """Return the finding that an arrow leads from a variable to itself."""
    return codes.diagnostic(
        "CD302",
        f"an arrow leads from `{name}` to itself, expected two different variables",
        Label(span=span, text="its own cause"),
    )


def cycle(names: Sequence[str], arrows: Sequence[Span]) -> Diagnostic:
    """Return the finding that arrows lead in a circle, each arrow labelled."""
    pairs = list(pairwise(names))
    labels = [
        Label(span=span, text=f"`{tail} -> {head}`", primary=index == 0)
        for index, ((tail, head), span) in enumerate(zip(pairs, arrows, strict=True))
    ]
    return codes.diagnostic(
        "CD303",
        f"the arrows lead in a circle, `{' -> '.join(names)}`, expected no cycle",
        *labels,
        hint="remove one of its arrows",
    )


def no_arrow(tail: str, head: str, span: Span, mechanism: str) -> Diagnostic:
    """Return the finding that a mechanism reads a variable that no arrow leads from."""
    return codes.diagnostic(
        "CD304",
        f"{mechanism} of `{head}` uses `{tail}`, and no arrow leads from `{tail}` to `{head}`",
        Label(span=span, text=f"not a parent of `{head}`"),
        hint=f"draw the arrow `{tail} -> {head}`",
    )


def unused_arrow(tail: str, head: str, span: Span, mechanism: Span) -> Diagnostic:
    """Return the warning that the child's mechanism does not use an arrow."""
    return codes.diagnostic(
        "CD305",
        f"the arrow `{tail} -> {head}` is drawn, and the mechanism of `{head}` does not use it",
        Label(span=span, text="not used"),
        Label(span=mechanism, text=f"does not read `{tail}`", primary=False),
        hint=f"remove the arrow, or use `{tail}` in the mechanism",
    )


def member_twice(name: str, group: str, span: Span) -> Diagnostic:
    """Return the finding that a group names a variable twice."""
    return codes.diagnostic(
        "CD306",
        f"`{name}` is a member of `{group}` twice, expected each member once",
        Label(span=span, text="named again"),
    )


def group_in_itself(name: str, span: Span) -> Diagnostic:
    """Return the finding that a group is its own member."""
    return codes.diagnostic(
        "CD307",
        f"group `{name}` is a member of itself, expected variables",
        Label(span=span, text="leads back to itself"),
    )


def auxiliary_points_nowhere(name: str, sensitive: Sequence[str], span: Span) -> Diagnostic:
    """Return the finding that an auxiliary is no source of a sensitive variable."""
    hint = f"draw the arrow `{name} -> {sensitive[0]}`" if sensitive else "declare it as `latent`"
    return codes.diagnostic(
        "CD308",
        f"auxiliary `{name}` points at no sensitive variable, expected an arrow to one",
        Label(span=span, text="gives rise to nothing sensitive"),
        hint=hint,
    )


def auxiliary_descends(name: str, path: Sequence[str], span: Span, arrow: Span) -> Diagnostic:
    """Return the finding that an auxiliary descends from a sensitive variable."""
    return codes.diagnostic(
        "CD309",
        f"auxiliary `{name}` descends from the sensitive `{path[0]}`, expected a source of it",
        Label(span=span, text=f"`{' -> '.join(path)}`"),
        Label(span=arrow, text="by this arrow", primary=False),
    )


def control_without_outcome(name: str, outcomes: Sequence[str], span: Span) -> Diagnostic:
    """Return the finding that a control does not read back from the outcome."""
    hint = f"draw the arrow `{outcomes[0]} -> {name}`" if outcomes else "declare an `outcome`"
    return codes.diagnostic(
        "CD310",
        f"control `{name}` does not descend from an outcome, expected a path to it",
        Label(span=span, text="reads nothing back"),
        hint=hint,
    )


def control_with_child(name: str, child: str, span: Span, declared: Span) -> Diagnostic:
    """Return the finding that a control has a child."""
    return codes.diagnostic(
        "CD311",
        f"an arrow leads from control `{name}` to `{child}`, expected no children of a control",
        Label(span=span, text="leaves a control"),
        Label(span=declared, text="declared here", primary=False),
    )


def control_in_no_loss(name: str, auxiliaries: Sequence[str], span: Span) -> Diagnostic:
    """Return the finding that nothing is asked of a control."""
    return codes.diagnostic(
        "CD312",
        f"control `{name}` stands in no loss, expected one that compares it",
        Label(span=span, text="nothing is asked of it"),
        hint=f"add `loss control = balance(mse({auxiliaries[0]}, {name}))`"
        if auxiliaries
        else None,
    )


def isolated(name: str, span: Span) -> Diagnostic:
    """Return the warning that a variable has neither causes nor effects."""
    return codes.diagnostic(
        "CD313",
        f"no arrow leads from or to `{name}`",
        Label(span=span, text="without arrows"),
        hint=f"draw an arrow to connect `{name}`, or remove it",
    )


def without_observed_descendant(name: str, span: Span) -> Diagnostic:
    """Return the warning that data say nothing about a latent."""
    return codes.diagnostic(
        "CD314",
        f"no observed variable descends from `{name}`, so data say nothing about it",
        Label(span=span, text="left out of inference, generated only"),
    )


def stand_in_without_place(name: str, cause: str, span: Span, mechanism: Span) -> Diagnostic:
    """Return the finding that a common cause cannot enter a written mechanism."""
    return codes.diagnostic(
        "CD315",
        f"the unmeasured cause `{cause}` has no place in the mechanism of `{name}`",
        Label(span=span, text="drawn here"),
        Label(span=mechanism, text="no linear predictor to add it to", primary=False),
        hint="declare a `latent` with two arrows and use it in both mechanisms",
    )
