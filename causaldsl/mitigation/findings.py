"""Diagnostics of predictors made from models."""

from __future__ import annotations

from collections.abc import Sequence

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic


def no_outcome(model: str) -> Diagnostic:
    """CD813: nothing to predict."""
    return diagnostic(
        "CD813",
        f"model `{model}` declares no outcome, predictors and their comparison need one",
        hint="declare one, as in `outcome Y : real`",
    )


def other_target(found: str, outcome: str) -> Diagnostic:
    """CD813: a predictor of something that is not the outcome."""
    return diagnostic(
        "CD813",
        f"a `predict` line predicts `{found}`, expected the outcome `{outcome}`",
        hint=f"declare `{found}` as the only outcome, or predict `{outcome}`",
    )


def no_predict_line(model: str, lost: Sequence[Diagnostic] | None = None) -> Diagnostic:
    """CD814: a model that predicts nothing, or a fit whose regressions were refused, and why."""
    if lost is not None:
        return diagnostic(
            "CD814",
            f"the fit of `{model}` holds no predictor: its regressions could not be fitted",
            notes=tuple(f"{d.code} {d.message}" for d in lost),
            hint="mend that, and fit again",
        )
    return diagnostic(
        "CD814",
        f"model `{model}` has no `predict` line, so it has no predictor",
        hint="add one, as in `predict Y from K`",
    )
