"""Diagnostics to text for a terminal, and to plain values for JSON.

Everything that comes from a user's file is made visible first (`visible`): a name or a level can
hold control or bidirectional characters, and must not move the cursor or reorder a line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from causaldsl.diagnostics.codes import CODES
from causaldsl.diagnostics.model import Diagnostic, Label
from causaldsl.source import Span

TAB = 4
WIDEST = 100
LONGEST = 2000
_LEAD = 40  # columns kept before a span in a line that is too long
_COLOURS = {"error": "31", "warning": "33", "note": "36", "gutter": "34"}
_SAFE_FORMATS = "\u200c\u200d"  # joiners, which some scripts need


def visible(text: str) -> str:
    """Return the text with every control, bidirectional or unpaired character written out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def _sentence(text: str) -> str:
    """Return a message, hint or path made visible, and cut where it is absurdly long."""
    return visible(text if len(text) <= LONGEST else f"{text[:LONGEST]}...")


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in _SAFE_FORMATS:
        point = ord(character)
        return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
    return character


def _width(shown: str) -> int:
    if shown.isascii():
        return len(shown)
    return sum(_columns(character) for character in shown)


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@dataclass(frozen=True, slots=True)
class _Place:
    """A label's line, cut to what is shown, and where its span stands in it."""

    number: int
    column: int
    shown: str
    before: int
    length: int


def _place(span: Span) -> _Place:
    text = span.file.text
    start = max(0, min(span.start, len(text)))
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    line = text[line_start : min(line_end, start + 2 * WIDEST)].rstrip("\r")
    first, last = start - line_start, max(start, min(span.end, line_end)) - line_start
    shown, before, length = _window(line, min(first, len(line)), min(last, len(line)))
    if first <= 2 * WIDEST and line.startswith("\ufeff"):
        shown, before = shown.removeprefix("\\ufeff"), max(0, before - len("\\ufeff"))
    number = text.count("\n", 0, line_start) + 1
    return _Place(number=number, column=first + 1, shown=shown, before=before, length=length)


def _window(line: str, first: int, last: int) -> tuple[str, int, int]:
    """Return the visible line, trimmed around its span, and the span's column and width."""
    cut = max(0, first - 4 * WIDEST)
    pieces: list[str] = []
    column = 0
    for character in line[cut:]:
        piece = " " * (TAB - column % TAB) if character == "\t" else _visible(character)
        pieces.append(piece)
        column += _width(piece)
    widths = [_width(piece) for piece in pieces]
    first, last = first - cut, last - cut
    begin, end = 0, len(pieces)
    if cut or sum(widths) > WIDEST:
        while begin < first and sum(widths[begin:first]) > _LEAD:
            begin += 1
        room = WIDEST
        for end in range(begin, len(pieces)):
            room -= widths[end]
            if room < 0:
                break
        else:
            end = len(pieces)
    head = "..." if cut or begin else ""
    tail = "..." if end < len(pieces) else ""
    before = len(head) + sum(widths[begin:first])
    length = sum(widths[first : min(last, end)])
    return head + "".join(pieces[begin:end]).rstrip() + tail, before, max(1, length)


class _Painter:
    """Colours, or none."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def __call__(self, text: str, kind: str, *, bold: bool = False) -> str:
        if not self.colour or not text:
            return text
        return f"\x1b[{'1;' if bold else ''}{_COLOURS[kind]}m{text}\x1b[0m"


def render_text(diagnostics: Sequence[Diagnostic], color: bool = False) -> str:
    """Return the diagnostics as a terminal shows them, a blank line between two."""
    paint = _Painter(color)
    return "\n".join("\n".join(_render(d, paint)) + "\n" for d in diagnostics)


def _render(diagnostic: Diagnostic, paint: _Painter) -> Iterable[str]:
    severity = diagnostic.severity
    head = paint(f"{severity}[{diagnostic.code}]", severity, bold=True)
    yield f"{head}: {_sentence(diagnostic.message)}"
    places = {id(label): _place(label.span) for label in diagnostic.labels}
    width = max((len(str(place.number)) for place in places.values()), default=1)
    edge = " " * width
    if diagnostic.place is not None:
        yield f"{edge}{paint('-->', 'gutter')} {_sentence(diagnostic.place)}"
    shown_file = None
    for labels in _by_line(diagnostic.labels, places):
        file = labels[0].span.file
        if file is not shown_file:
            arrow = "-->" if shown_file is None else ":::"
            here = [item for item in diagnostic.labels if item.span.file is file]
            place = places[id(next((item for item in here if item.primary), here[0]))]
            at = f"{_sentence(file.path)}:{place.number}:{place.column}"
            yield f"{edge}{paint(arrow, 'gutter')} {at}"
            yield f"{edge} {paint('|', 'gutter')}"
            shown_file = file
        yield from _snippet(labels, places, width, severity, paint)
    for note in diagnostic.notes:
        yield from _aside("note", note, edge, paint)
    if diagnostic.hint is not None:
        yield from _aside("hint", diagnostic.hint, edge, paint)


def _by_line(labels: Sequence[Label], places: dict[int, _Place]) -> list[list[Label]]:
    """Return the labels line by line: the file of the primary one first, then down the file."""
    files = [id(label.span.file) for label in sorted(labels, key=lambda item: not item.primary)]
    groups: dict[tuple[int, int, str], list[Label]] = {}
    for label in labels:
        place = places[id(label)]
        key = (files.index(id(label.span.file)), place.number, place.shown)
        groups.setdefault(key, []).append(label)
    return [groups[key] for key in sorted(groups)]


def _snippet(
    labels: list[Label], places: dict[int, _Place], width: int, severity: str, paint: _Painter
) -> Iterable[str]:
    """Return the source line, and under it one line for each label."""
    place = places[id(labels[0])]
    bar = paint("|", "gutter")
    number = paint(f"{place.number:>{width}}", "gutter")
    yield f"{number} {bar} {place.shown}".rstrip()
    for label in sorted(labels, key=lambda item: (not item.primary, places[id(item)].before)):
        place = places[id(label)]
        mark = ("^" if label.primary else "-") * place.length
        text = f"{mark} {_sentence(label.text)}".rstrip()
        painted = paint(text, severity if label.primary else "gutter", bold=label.primary)
        yield f"{' ' * width} {bar} {' ' * place.before}{painted}"


def _aside(kind: str, text: str, edge: str, paint: _Painter) -> Iterable[str]:
    first, *rest = text.split("\n")
    yield f"{edge} {paint('=', 'gutter')} {kind}: {_sentence(first)}"
    for line in rest:
        yield f"{edge}   {' ' * len(kind)}  {_sentence(line)}"


def render_json(diagnostics: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """Return the diagnostics as values that `json` writes: the places as lines and offsets.

    Lines and columns count from 1, offsets from 0; ends are exclusive. A diagnostic without a place
    in a text has `file` None.
    """
    return [_json(diagnostic) for diagnostic in diagnostics]


def _json(diagnostic: Diagnostic) -> dict[str, Any]:
    span = diagnostic.span
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "title": CODES[diagnostic.code].title if diagnostic.code in CODES else "",
        "message": diagnostic.message,
        **(_json_span(span) if span is not None else {"file": None}),
        "place": diagnostic.place,
        "labels": [
            {**_json_span(label.span), "text": label.text, "primary": label.primary}
            for label in diagnostic.labels
        ],
        "notes": list(diagnostic.notes),
        "hint": diagnostic.hint,
    }


def _json_span(span: Span) -> dict[str, Any]:
    line, column = span.file.line_column(span.start)
    end_line, end_column = span.file.line_column(span.end)
    return {
        "file": span.file.path,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "start": span.start,
        "end": span.end,
    }
