"""Diagnostics of questions for pictures."""

from __future__ import annotations

from collections.abc import Sequence

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic


def no_single_image(model: str, images: Sequence[str]) -> Diagnostic:
    """Report a model without an observed image, or with several."""
    listed = ", ".join(f"`{name}`" for name in images)
    what = f"observes the images {listed}" if images else "observes no image"
    return diagnostic(
        "CD748",
        f"pictures are made of one image, and model `{model}` {what}",
        hint=None if images else "`counterfactual` gives the worlds of numbers and levels",
    )


def no_discrete_setting(reason: str, hint: str | None = None) -> Diagnostic:
    """Report an intervention that is not one level of one variable."""
    return diagnostic(
        "CD749",
        f"pictures show one observed variable at another of its levels, and {reason}",
        hint=hint,
    )


def no_whole_row(image: str, reason: str) -> Diagnostic:
    """Report that no guide reads rows with their image, so that nothing encodes a picture."""
    return diagnostic(
        "CD706",
        f"the encoder cannot answer for `{image}`: {reason}",
        hint="pictures rest on a guide that was fitted on such rows, the image among them",
    )
