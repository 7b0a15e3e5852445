"""Diagnostics about guides, losses and predictors (CD44x, CD46x, CD47x)."""

from __future__ import annotations

from collections.abc import Sequence

from causaldsl.diagnostics import codes
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.semantics.wording import quoted
from causaldsl.source import Span

# --- guides ---------------------------------------------------------------------------------


def no_guide(name: str, reason: str, span: Span, hint: str | None = None) -> Diagnostic:
    """Return the finding that a variable is given a guide and can have none."""
    return codes.diagnostic(
        "CD441",
        f"`{name}` can have no guide, {reason}",
        Label(span=span, text="nothing to infer"),
        hint=hint,
    )


def second_guide(name: str, span: Span, first: Span) -> Diagnostic:
    """Return the finding that a variable has two guides."""
    return codes.diagnostic(
        "CD442",
        f"`{name}` has a second guide, expected one for each variable",
        Label(span=span, text="stated again"),
        Label(span=first, text="first guide", primary=False),
        hint="remove one of the two",
    )


def guide_circle(names: Sequence[str], span: Span) -> Diagnostic:
    """Return the finding that guides read each other in a circle."""
    return codes.diagnostic(
        "CD443",
        f"guides read each other in a circle, `{' <- '.join(names)}`, expected an order",
        Label(span=span, text=f"reads `{names[1]}`"),
        hint="leave one of them out of another's inputs",
    )


def nothing_to_draw(name: str, reason: str, span: Span, hint: str | None = None) -> Diagnostic:
    """Return the finding that `sampled` names something that is not drawn."""
    return codes.diagnostic(
        "CD444",
        f"`sampled({name})` has nothing to draw from: {reason}",
        Label(span=span, text="not drawn"),
        hint=hint,
    )


def unknown_guide(found: str, span: Span) -> Diagnostic:
    """Return the finding that a guide has no form that there is."""
    return codes.diagnostic(
        "CD445",
        f"`{found}` is no form of a guide, expected `auto`, `per_row` or a line for a variable",
        Label(span=span, text="unknown form"),
        hint="write `guide V ~ Normal(mlp(...))` for one variable",
    )


# --- losses ---------------------------------------------------------------------------------


def second_elbo(span: Span, first: Span) -> Diagnostic:
    """Return the finding that the ELBO is added twice."""
    return codes.diagnostic(
        "CD461",
        "`elbo` is written a second time, expected it once among the losses",
        Label(span=span, text="written again"),
        Label(span=first, text="first written here", primary=False),
        hint="give its weight and settings in one place",
    )


def no_term(found: str, span: Span, hint: str | None = None) -> Diagnostic:
    """Return the finding that a loss is no weighted sum of loss terms."""
    return codes.diagnostic(
        "CD462",
        f"{found} stands in a loss, expected a sum of weighted terms",
        Label(span=span, text="no term"),
        hint=hint or "write a term around it, such as `mean(...)`",
    )


def product_of_terms(span: Span) -> Diagnostic:
    """Return the finding that loss terms are multiplied or divided."""
    return codes.diagnostic(
        "CD462",
        "loss terms meet in a product, expected a sum of weighted terms",
        Label(span=span, text="no sum"),
    )


def no_gradient(name: str, what: str, span: Span, hint: str | None) -> Diagnostic:
    """Return the finding that a gradient would have to pass through a discrete draw."""
    return codes.diagnostic(
        "CD463",
        f"{what} of the discrete `{name}` has no gradient, expected its mean",
        Label(span=span, text="a discrete draw"),
        hint=hint,
    )


def wrong_inputs(term: str, reason: str, span: Span, hint: str | None = None) -> Diagnostic:
    """Return the finding that a loss term is given what it cannot compare."""
    return codes.diagnostic(
        "CD464", f"`{term}` {reason}", Label(span=span, text="out of place"), hint=hint
    )


def shapes_differ(
    left: tuple[Span, tuple[int, ...]], right: tuple[Span, tuple[int, ...]], span: Span
) -> Diagnostic:
    """Return the finding that values of other shapes in each row meet in a loss."""
    found = ", ".join(f"{quoted(where)} {_shape(shape)}" for where, shape in (left, right))
    return codes.diagnostic(
        "CD214",
        f"{found}, expected values of one size in each row",
        Label(span=span, text="sizes do not match"),
    )


def _shape(shape: tuple[int, ...]) -> str:
    match shape:
        case ():
            return "is one number"
        case (cells,):
            return f"has {cells} cell{'' if cells == 1 else 's'}"
        case _:
            return f"is an image of {' x '.join(map(str, shape))}"


def widths_differ(term: str, first: tuple[Span, int], second: tuple[Span, int]) -> Diagnostic:
    """Return the finding that two samples which are compared have not as many columns."""
    one, other = (f"{n} column{'' if n == 1 else 's'}" for _, n in (first, second))
    return codes.diagnostic(
        "CD464",
        f"`{term}` compares {quoted(first[0])}, {one}, to {quoted(second[0])}, {other}, "
        "expected as many on both sides",
        Label(span=second[0], text=other),
        Label(span=first[0], text=one, primary=False),
    )


def held_twice(name: str, span: Span) -> Diagnostic:
    """Return the finding that a sample holds a variable twice."""
    return codes.diagnostic(
        "CD464",
        f"a sample holds `{name}` twice, expected each variable once",
        Label(span=span, text="a second time"),
        hint="leave one of the two out",
    )


def needs_network(term: str, span: Span) -> Diagnostic:
    """Return the finding that a term which trains a network is given none."""
    return codes.diagnostic(
        "CD465",
        f"`{term}` learns a network, and none is given",
        Label(span=span, text="no `network`"),
        hint="add `; network=mlp(hidden=[32])`",
    )


def wrong_balance(found: str, span: Span) -> Diagnostic:
    """Return the finding that a term is balanced that cannot be."""
    return codes.diagnostic(
        "CD466",
        f"`balance` is given {found}, expected one term beside the `elbo`",
        Label(span=span, text="cannot be balanced"),
    )


def wrong_weight(span: Span) -> Diagnostic:
    """Return the finding that the weight of a term is no number."""
    return codes.diagnostic(
        "CD467",
        "the weight of a term is no number, expected numbers, params or `warmup(...)`",
        Label(span=span, text="no number"),
        hint="move it into the term",
    )


def negative_elbo(least: float, span: Span) -> Diagnostic:
    """Return the finding that a weight would push the ELBO down."""
    return codes.diagnostic(
        "CD469",
        f"the weight of `elbo` is {least:g}, expected a number from 0",
        Label(span=span, text="would be made worse"),
        hint="add it, and subtract the other terms",
    )


def no_share(name: str, span: Span, declared: Span) -> Diagnostic:
    """Return the finding that a variable without a share of the ELBO is weighed."""
    return codes.diagnostic(
        "CD468",
        f"`{name}` has no share of the ELBO, expected a variable that data speak of",
        Label(span=span, text="nothing to weigh"),
        Label(span=declared, text="no observed variable descends from it", primary=False),
    )


# --- predictors -----------------------------------------------------------------------------


def wrong_target(name: str, reason: str, span: Span) -> Diagnostic:
    """Return the finding that a predictor's target cannot be predicted."""
    return codes.diagnostic(
        "CD471",
        f"`{name}` is predicted and {reason}, expected an observed variable",
        Label(span=span, text="no target"),
    )


def wrong_feature(name: str, reason: str, span: Span, hint: str | None = None) -> Diagnostic:
    """Return the finding that a predictor reads what it cannot."""
    return codes.diagnostic(
        "CD472", f"feature `{name}` {reason}", Label(span=span, text="no feature"), hint=hint
    )
