"""Diagnostics about mechanisms, networks, settings and parameters (CD401 to CD439)."""

from __future__ import annotations

from collections.abc import Iterable

from causaldsl.diagnostics import codes
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.semantics.wording import listed, quoted
from causaldsl.source import Span


def _second(span: Span | None, text: str) -> tuple[Label, ...]:
    return () if span is None else (Label(span=span, text=text, primary=False),)


def second_mechanism(name: str, span: Span, first: Span) -> Diagnostic:
    """Return the finding that a variable has two mechanisms."""
    return codes.diagnostic(
        "CD401",
        f"`{name}` has a second mechanism, expected one for each variable",
        Label(span=span, text="stated again"),
        *_second(first, "first mechanism"),
        hint="remove one of the two",
    )


def family_against_domain(
    family: str, name: str, domain: str, fitting: Iterable[str], span: Span, declared: Span | None
) -> Diagnostic:
    """Return the finding that a family's draws are no values of the variable's domain."""
    names = list(fitting)
    expected = f", expected {listed(names, word=' or ')}" if names else ""
    return codes.diagnostic(
        "CD402",
        f"`{family}` does not fit `{name}`, which is {domain}{expected}",
        Label(span=span, text=f"its draws are not {domain}"),
        *_second(declared, "declared here"),
    )


def wrong_count(
    call: str, found: int, least: int, most: int | None, span: Span, hint: str | None = None
) -> Diagnostic:
    """Return the finding that a call has too few or too many inputs."""
    if most is None:
        expected = f"at least {least}"
    else:
        expected = str(least) if least == most else f"{least} to {most}"
    return codes.diagnostic(
        "CD403",
        f"`{call}` has {found} {'input' if found == 1 else 'inputs'}, expected {expected}",
        Label(span=span, text=f"{found} {'input' if found == 1 else 'inputs'}"),
        hint=hint,
    )


def argument_out_of_range(
    family: str, argument: str, found: str, expected: str, span: Span
) -> Diagnostic:
    """Return the finding that an argument of a family is always out of its range."""
    return codes.diagnostic(
        "CD404",
        f"the {argument} of `{family}` is {found}, expected {expected}",
        Label(span=span, text=f"expected {expected}"),
    )


def argument_may_leave_range(
    family: str, argument: str, expected: str, span: Span, hint: str
) -> Diagnostic:
    """Return the finding that an argument of a family can be out of its range."""
    return codes.diagnostic(
        "CD405",
        f"the {argument} of `{family}` can be out of range, expected {expected}",
        Label(span=span, text="can be out of range"),
        hint=hint,
    )


def bad_sum(total: float, span: Span) -> Diagnostic:
    """Return the finding that probabilities do not sum to one."""
    return codes.diagnostic(
        "CD406",
        f"the probabilities sum to {total:.6g}, expected 1",
        Label(span=span, text=f"sum {total:.6g}"),
    )


def wrong_number_of_probabilities(
    what: str, found: int, name: str, levels: int, span: Span, declared: Span | None
) -> Diagnostic:
    """Return the finding that there are more or fewer numbers than levels."""
    return codes.diagnostic(
        "CD407",
        f"{found} {what} are given for `{name}`, expected one for each of its {levels} levels",
        Label(span=span, text=f"{found} {what}"),
        *_second(declared, f"{levels} levels"),
    )


def no_number_for_each_level(name: str, levels: Iterable[str], span: Span) -> Diagnostic:
    """Return the finding that a predictor of levels gives a single number."""
    table = ", ".join(f"{level}: ..." for level in list(levels)[:3])
    return codes.diagnostic(
        "CD408",
        f"the mechanism of `{name}` gives one number, expected one for each of its levels",
        Label(span=span, text="one number"),
        hint=f"write a table, `{{{table}}}`, or `linear(...)`",
    )


def outside_domain(name: str, found: str, domain: str, span: Span) -> Diagnostic:
    """Return the finding that an equation gives what the variable cannot be."""
    return codes.diagnostic(
        "CD409",
        f"the equation of `{name}` gives {found}, expected {domain}",
        Label(span=span, text=f"not {domain}"),
    )


def distribution_as_value(name: str, span: Span) -> Diagnostic:
    """Return the finding that a distribution stands inside an expression."""
    return codes.diagnostic(
        "CD410",
        f"`{name}` is a distribution, expected a value here",
        Label(span=span, text="no value"),
        hint="write the distribution alone, behind `~`",
    )


def distribution_behind_define(name: str, family: str, span: Span) -> Diagnostic:
    """Return the finding that `:=` is followed by a distribution."""
    return codes.diagnostic(
        "CD410",
        f"`{name} :=` is followed by the distribution `{family}`, expected a value",
        Label(span=span, text="no value"),
        hint=f"write `{name} ~ {family}(...)`",
    )


def branch_without_levels(name: str, domain: str, span: Span, declared: Span) -> Diagnostic:
    """Return the finding that `by` is followed by a variable without levels."""
    return codes.diagnostic(
        "CD411",
        f"`by {name}` needs a variable with levels, and `{name}` is {domain}",
        Label(span=span, text="no levels to branch on"),
        *_second(declared, "declared here"),
    )


def branch_on_array(name: str, size: int, span: Span, declared: Span) -> Diagnostic:
    """Return the finding that `by` is followed by an array: a row has no single level."""
    return codes.diagnostic(
        "CD411",
        f"`by {name}` needs one level in each row, and `{name}` is an array of {size}",
        Label(span=span, text="several levels in each row"),
        *_second(declared, "declared here"),
    )


def branch_of_no_network(span: Span) -> Diagnostic:
    """Return the finding that `by` stands behind something that has no parameters."""
    return codes.diagnostic(
        "CD412",
        "`by` stands behind something that is no network, expected `mlp(...) by S`",
        Label(span=span, text="has no parameters of its own"),
        hint="write it behind the network itself",
    )


def wrong_setting(name: str, expected: str, span: Span) -> Diagnostic:
    """Return the finding that a setting has a value of another type, or out of range."""
    return codes.diagnostic(
        "CD413",
        f"setting `{name}` is {quoted(span)}, expected {expected}",
        Label(span=span, text=f"expected {expected}"),
    )


def different_parents(group: str, one: str, other: str, span: Span) -> Diagnostic:
    """Return the finding that members of a shared network have different parents."""
    return codes.diagnostic(
        "CD414",
        f"`{group}` shares one network, and its members `{one}` and `{other}` have other parents",
        Label(span=span, text="expected the same parents for each member"),
        hint="give each member a mechanism of its own",
    )


def no_image(network: str, name: str | None, span: Span) -> Diagnostic:
    """Return the finding that a convolution sees no image, or that none comes out of one."""
    found = f"`{name}` is no image" if name else "none of its inputs is an image"
    return codes.diagnostic(
        "CD415",
        f"`{network}` needs an image, and {found}",
        Label(span=span, text="no image"),
        hint="use `mlp`",
    )


def too_many_blocks(
    network: str, blocks: int, most: int, sides: tuple[int, int], span: Span
) -> Diagnostic:
    """Return the finding that a convolution halves an image more often than its sides allow."""
    height, width = sides
    fitting = f"keep at most {most} of the channels, or " if most else ""
    word = "block" if blocks == 1 else "blocks"
    return codes.diagnostic(
        "CD422",
        f"`{network}` has {blocks} {word}, each a step of 2, and {height} x {width} pixels cannot "
        f"be halved {'so often' if most else 'at all'}",
        Label(span=span, text=f"sides that are multiples of {2**blocks} allow {blocks} {word}"),
        hint=f"{fitting}cut the pictures to such sides",
    )


def uses_itself(name: str, span: Span) -> Diagnostic:
    """Return the finding that a mechanism reads the variable it generates."""
    return codes.diagnostic(
        "CD416",
        f"the mechanism of `{name}` uses `{name}` itself, expected its parents only",
        Label(span=span, text="uses itself"),
    )


def wrong_start(name: str, found: str, expected: str, span: Span) -> Diagnostic:
    """Return the finding that a parameter starts where it cannot be."""
    return codes.diagnostic(
        "CD417",
        f"`{name}` starts at {found}, expected {expected}",
        Label(span=span, text="no start"),
    )


def wrong_prior(name: str, reason: str, span: Span, hint: str | None = None) -> Diagnostic:
    """Return the finding that a prior is no distribution that a parameter can have."""
    return codes.diagnostic(
        "CD418", f"the prior of `{name}` {reason}", Label(span=span, text="no prior"), hint=hint
    )


def wrong_parameter_index(name: str, found: str, span: Span, hint: str | None = None) -> Diagnostic:
    """Return the finding that a parameter is declared over something without levels."""
    return codes.diagnostic(
        "CD419",
        f"`{name}` is declared over {found}, expected a variable with levels or a size",
        Label(span=span, text="no levels and no size"),
        hint=hint,
    )


def wrong_parameter_domain(name: str, domain: str, span: Span) -> Diagnostic:
    """Return the finding that a parameter is to be learned in a domain without gradients."""
    return codes.diagnostic(
        "CD420",
        f"`{name}` is declared as {domain}, expected `real`, `positive` or `unit`",
        Label(span=span, text="cannot be learned by gradients"),
    )


def out_of_place(found: str, place: str, expected: str, span: Span) -> Diagnostic:
    """Return the finding that something stands in an expression where it means nothing."""
    return codes.diagnostic(
        "CD421",
        f"{found} stands in {place}, expected {expected}",
        Label(span=span, text="out of place"),
    )


def world_out_of_place(place: str, span: Span) -> Diagnostic:
    """Return the finding that a world or a mean stands where there is one world only."""
    return codes.diagnostic(
        "CD736",
        f"another world or a mean stands in {place}, expected it in a query or a loss",
        Label(span=span, text="out of place"),
    )


def draw_out_of_place(place: str, span: Span) -> Diagnostic:
    """Return the finding that `sampled` stands where nothing is drawn."""
    return codes.diagnostic(
        "CD736",
        f"`sampled` stands in {place}, expected it in a guide, a loss or a `predict` line",
        Label(span=span, text="out of place"),
        hint="name the variable itself",
    )
