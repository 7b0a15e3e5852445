"""What the compiler cannot do yet, said at its place."""

from __future__ import annotations

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.source import Span


class Refused(Exception):  # noqa: N818 (control flow inside this room, never seen outside)
    """Carries the diagnostic of a construct that the compiler refuses."""

    def __init__(self, finding: Diagnostic) -> None:
        self.finding = finding
        super().__init__(finding.message)


def not_compiled(what: str, span: Span) -> Diagnostic:
    """CD490: a construct that is parsed and checked, and that compiling does not do yet."""
    return diagnostic(
        "CD490",
        f"{what} is checked, but this version does not compile it",
        Label(span=span, text="not compiled yet"),
    )


def array_not_compiled(name: str, span: Span) -> Diagnostic:
    """CD491: a mechanism that does not say what each cell of an array is."""
    return diagnostic(
        "CD491",
        f"`{name}` is an array, and this version does not compile this mechanism of one",
        Label(span=span, text="not compiled yet"),
        hint="write a network with a head for each cell, such as `mlp` or `linear`",
    )


def image_not_compiled(name: str, span: Span) -> Diagnostic:
    """CD492: an image variable."""
    return diagnostic(
        "CD492",
        f"`{name}` is an image, and this version makes images by `deconv` only",
        Label(span=span, text="makes an image"),
        hint="write `deconv(...; channels=[...])`, or `Normal(deconv(...), 0.1)`",
    )


def loss_not_compiled(term: str, span: Span) -> Diagnostic:
    """CD493: a loss term whose compilation comes later."""
    what = f"{term} in a loss" if " " in term else f"the loss term `{term}`"
    return diagnostic(
        "CD493",
        f"{what} is checked, but this version does not compile it",
        Label(span=span, text="not compiled yet"),
    )


def guide_not_compiled(what: str, span: Span) -> Diagnostic:
    """CD494: a guide whose compilation comes later."""
    return diagnostic(
        "CD494",
        f"{what} in a guide is checked, but this version does not compile it",
        Label(span=span, text="not compiled yet"),
    )


def no_likelihood(name: str, span: Span) -> Diagnostic:
    """CD495: an observed ``:=`` that nothing inverts, asked to be fitted."""
    return diagnostic(
        "CD495",
        f"`{name}` is set by an equation that gives no likelihood, so the file cannot be fitted",
        Label(span=span, text="no latent enters here once and invertibly"),
        hint="give it noise of its own with `~`, or only simulate the file",
    )


def discrete_unobserved(name: str, guide: str, span: Span) -> Diagnostic:
    """CD496: an unobserved discrete variable that a fit would have to draw."""
    return diagnostic(
        "CD496",
        f"`{name}` is discrete and unobserved ({guide}), and a draw of it has no gradient",
        Label(span=span, text="declared here"),
        hint="make it real, or observe it",
    )
