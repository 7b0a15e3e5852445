"""One report in the form that a file's name asks for."""

from __future__ import annotations

from causaldsl.bench.table import FairnessTable
from causaldsl.fairness.audit import FairnessReport
from causaldsl.reports.document import Document
from causaldsl.reports.render_json import render_csv, render_json
from causaldsl.reports.render_markdown import render_markdown
from causaldsl.reports.render_text import render_text
from causaldsl.reports.tables import document_of_audit, document_of_comparison

SUFFIXES = (".txt", ".md", ".csv", ".json")


def document_of(result: FairnessTable | FairnessReport) -> Document:
    """Return the document of a comparison or an audit."""
    if isinstance(result, FairnessTable):
        return document_of_comparison(result)
    return document_of_audit(result)


def render_as(result: FairnessTable | FairnessReport, suffix: str) -> str:
    """Return a report as text, Markdown, CSV or JSON.

    Raises
    ------
    ValueError
        For another suffix than `SUFFIXES`.
    """
    match suffix.lower():
        case ".json":
            return render_json(result)
        case ".csv":
            return render_csv(result)
        case ".txt":
            return render_text(document_of(result))
        case ".md":
            return render_markdown(document_of(result))
        case _:
            raise ValueError(f"a report's name ends in {', '.join(SUFFIXES)}, not `{suffix}`")
