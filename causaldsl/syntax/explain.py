"""Why a statement does not parse, told from its tokens."""

from __future__ import annotations

from lark import UnexpectedToken

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.source import SourceFile, Span
from causaldsl.syntax.lines import Line

STATEMENT_TYPES = frozenset(
    "SCM PARAM SENSITIVE OBSERVED OUTCOME LATENT AUXILIARY CONTROL MISSING GROUP LEARN PRIOR GUIDE "
    "COUPLING LOSS TRAIN PREDICT QUERY ASSERT".split()
)


def explain(source: SourceFile, line: Line, error: UnexpectedToken) -> Diagnostic:
    """Return the diagnostic of a statement that does not parse."""
    token = error.token if error.token.type != "$END" else line.tokens[-1]
    span = Span(file=source, start=token.start_pos or 0, end=token.end_pos or 0)
    return diagnostic("CD020", f"`{token}` was not expected here", Label(span=span))
