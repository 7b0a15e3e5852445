"""Diagnostics of questions for effects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic
from causaldsl.engines.findings import rows_text


def no_single_variable(reason: str, hint: str) -> Diagnostic:
    """Report an intervention that has no two levels to compare."""
    return diagnostic(
        "CD743",
        f"an effect compares levels of one observed variable, and {reason}",
        hint=hint,
    )


def wrong_outcome(name: str, reason: str) -> Diagnostic:
    """Report an outcome whose values have no difference, or that no table holds."""
    return diagnostic(
        "CD744",
        f"`{name}` cannot be the outcome of an effect: {reason}",
        hint="name an observed variable of numbers, or a binary one, as the outcome",
    )


def no_single_outcome(outcomes: Sequence[str]) -> Diagnostic:
    """Report a model from which the outcome cannot be told."""
    listed = ", ".join(f"`{name}`" for name in outcomes)
    what = f"has the outcomes {listed}" if outcomes else "declares no outcome"
    return diagnostic(
        "CD744",
        f"an effect is one on a single outcome, and the model {what}",
        hint="name one, with `--outcome` or `outcome=`",
    )


def moving_stratum(name: str, target: str, why: str, fixed: Sequence[str]) -> Diagnostic:
    """Report strata that a unit would leave when the intervention is made."""
    ways = ", ".join(f"`{n}`" for n in fixed)
    return diagnostic(
        "CD745",
        f"effects by `{name}` have no fixed strata: {why}",
        hint=f"go by what does not descend from `{target}`: {ways}" if fixed else None,
    )


def no_strata(names: Sequence[str], reason: str, known: Iterable[str] = ()) -> Diagnostic:
    """Report variables whose values do not part the rows into a few groups."""
    listed = ", ".join(f"`{n}`" for n in names)
    ways = ", ".join(f"`{n}`" for n in known)
    return diagnostic(
        "CD746",
        f"effects cannot be given by {listed}: {reason}",
        hint=f"variables with few levels are {ways}" if ways else None,
    )


def no_mean(name: str, world: str, rows: Sequence[int]) -> Diagnostic:
    """Report an outcome whose mechanism has no finite mean in a world."""
    return diagnostic(
        "CD747",
        f"the mechanism of `{name}` has no finite mean in the world `{world}`",
        place=rows_text(rows) if rows else None,
        hint=f"look at the mechanism of `{name}`: its family, or an `exp` that runs away",
    )
