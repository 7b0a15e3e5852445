"""Documents as Markdown, tables in the pipe form."""

from __future__ import annotations

import re

from causaldsl.reports.document import Document, Table


def render_markdown(document: Document) -> str:
    """Return the document: title, what was assumed, what was found."""
    parts = [f"# {_escape(document.title)}", "", "## Assumed", ""]
    parts += [f"- {_escape(what)}: {_escape(value)}" for what, value in document.assumptions]
    for table in document.tables:
        parts += ["", *_table(table)]
    if document.findings:
        parts += ["", "## Findings", "", *(f"- {_escape(text)}" for text in document.findings)]
    return "\n".join(parts) + "\n"


def _table(table: Table) -> list[str]:
    columns = [_escape(column) for column in table.columns]
    lines = [f"## {_escape(table.title)}", "", _row(columns)]
    lines.append(_row([":---", *("---:" for _ in columns[1:])]))
    lines += [_row([_escape(cell) for cell in row]) for row in table.rows]
    if table.notes:
        lines += ["", *(f"- {_escape(note)}" for note in table.notes)]
    return lines


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escape(text: str) -> str:
    """Return text in which no character is Markdown, HTML or a cell's border, on one line."""
    safe = re.sub(r"([\\`*_|\[\]#])", r"\\\1", " ".join(text.split()))
    return safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
