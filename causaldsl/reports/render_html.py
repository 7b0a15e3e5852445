"""Documents as HTML for a notebook: no script, no style sheet, everything from a user escaped."""

from __future__ import annotations

import html

from causaldsl.reports.document import Document, Table

_NUMBER = ' style="text-align:right"'
_TEXT = ' style="text-align:left"'


def render_html(document: Document) -> str:
    """Return the document: title, what was assumed, what was found."""
    parts = [f"<h4>{_escape(document.title)}</h4>"]
    if document.assumptions:
        items = (f"<li>{_escape(f'{what}: {value}')}</li>" for what, value in document.assumptions)
        parts.append(f"<details><summary>Assumed</summary><ul>{''.join(items)}</ul></details>")
    parts += [_table(table) for table in document.tables]
    if document.findings:
        found = "".join(f"<li>{_escape(text)}</li>" for text in document.findings)
        parts.append(f"<p>Findings</p><ul>{found}</ul>")
    return f"<div>{''.join(parts)}</div>"


def _table(table: Table) -> str:
    head = _row(table.columns, "th")
    body = "".join(_row(row, "td") for row in table.rows)
    notes = "".join(f"<br><small>{_escape(note)}</small>" for note in table.notes)
    return (
        f"<p><strong>{_escape(table.title)}</strong>{notes}</p>"
        f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"
    )


def _row(cells: tuple[str, ...], tag: str) -> str:
    made = (
        f"<{tag}{_NUMBER if i else _TEXT}>{_escape(cell)}</{tag}>" for i, cell in enumerate(cells)
    )
    return f"<tr>{''.join(made)}</tr>"


def _escape(text: str) -> str:
    return html.escape(" ".join(text.split()))
