"""Documents as plain text: no colours, no boxes, columns aligned.

A terminal is `WIDTH` wide: what explains a metric leaves a table that would be wider, and stands
once below.
"""

from __future__ import annotations

import textwrap
from dataclasses import replace

from causaldsl.reports.document import Document, Table

WIDTH = 80
TEXT_COLUMNS = ("what",)  # text beside figures is aligned to the left


def render_text(document: Document) -> str:
    """Return the document: title, what was assumed, what was found."""
    parts = [document.title, "=" * len(document.title), "", "Assumed"]
    parts += [line for what, value in document.assumptions for line in _assumption(what, value)]
    glossary: dict[str, str] = {}
    for table in document.tables:
        parts += ["", *_table(_narrowed(table, glossary))]
    if glossary:
        width = max(map(len, glossary))
        parts += ["", "Metrics", *(f"  {name:{width}}  {what}" for name, what in glossary.items())]
    if document.findings:
        parts += ["", "Findings", *(f"  {finding}" for finding in document.findings)]
    return "\n".join(part.rstrip() for part in parts) + "\n"


def _assumption(what: str, value: str) -> list[str]:
    return textwrap.wrap(
        f"{what}: {value}",
        WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
    )


def _narrowed(table: Table, glossary: dict[str, str]) -> Table:
    """Return a table without its explanations where they make it too wide, and keep them."""
    if table.columns[-1] not in TEXT_COLUMNS or max(map(len, _table(table)[1:3])) <= WIDTH:
        return table
    glossary |= {row[0]: row[-1] for row in table.rows}
    return replace(table, columns=table.columns[:-1], rows=tuple(row[:-1] for row in table.rows))


def _table(table: Table) -> list[str]:
    grid = [table.columns, *table.rows]
    widths = [max(len(row[i]) for row in grid) for i in range(len(table.columns))]
    left = [i == 0 or name in TEXT_COLUMNS for i, name in enumerate(table.columns)]
    lines = [
        "  "
        + "  ".join(
            cell.ljust(width) if is_left else cell.rjust(width)
            for cell, width, is_left in zip(row, widths, left, strict=True)
        )
        for row in grid
    ]
    rule = "  " + "  ".join("-" * width for width in widths)
    notes = [
        line
        for note in table.notes
        for line in textwrap.wrap(note, WIDTH, initial_indent="  * ", subsequent_indent="    ")
    ]
    return [table.title, lines[0], rule, *lines[1:], *notes]
