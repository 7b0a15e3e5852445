"""What a diagnostic is, and the exceptions that carry diagnostics.

A mistake in the user's model, data or query is a `Diagnostic` value. Stages return
``(result | None, diagnostics)``; the Python API raises one `CausalDslError` that carries them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from causaldsl.source import Span

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A place in the text and what stands there. One label of a diagnostic is primary."""

    span: Span
    text: str = ""
    primary: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding: its registered code, one sentence, its places and at most one way out.

    `place` locates what has no span, such as ``column `race`, rows 3, 17`` of a table.
    """

    code: str
    severity: Severity
    message: str
    labels: tuple[Label, ...] = ()
    place: str | None = None
    notes: tuple[str, ...] = ()
    hint: str | None = None

    @property
    def span(self) -> Span | None:
        """The primary span, if the finding has a place in a text."""
        return next((label.span for label in self.labels if label.primary), None)


class CausalDslError(Exception):
    """A refusal, carrying every diagnostic that explains it."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(f"{d.severity}[{d.code}]: {d.message}" for d in diagnostics))

    @property
    def explanation(self) -> str:
        """Every diagnostic as the command line shows it: its place in the text, its hint."""
        from causaldsl.diagnostics.render import render_text

        return render_text(self.diagnostics)

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows in place of a traceback: the mistake is the user's."""
        return [f"{type(self).__name__}", *self.explanation.splitlines()]


class ModelError(CausalDslError):
    """The model text is wrong (CD0xx to CD4xx)."""


class DataError(CausalDslError):
    """The user's table is wrong (CD5xx)."""


class InferenceError(CausalDslError):
    """A fit failed, or a saved fit is refused (CD6xx)."""


class CounterfactualError(CausalDslError):
    """A counterfactual query is refused (CD7xx)."""


class FairnessError(CausalDslError):
    """A fairness computation is refused (CD8xx)."""


class InternalError(Exception):
    """A broken invariant of ours (CD9xx): please report it with the model attached."""
