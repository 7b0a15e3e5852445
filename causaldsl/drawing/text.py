"""How wide a text will be, and how it is cut and broken to fit.

Widths are those of a wide sans-serif face, so a text fits its shape whichever face the viewer has.
"""

from __future__ import annotations

import unicodedata

_WIDTHS: dict[str, float] = {
    character: width
    for width, characters in (
        (0.32, "'IJijl"),
        (0.34, " ,./:;\\|"),
        (0.40, "()-[]ft\u2032"),
        (0.44, "!r\u2033"),
        (0.50, '"*_`'),
        (0.55, "?csz"),
        (0.60, "FLkvxy"),
        (0.64, "$0123456789EPSTYabdeghnopqu{}"),
        (0.70, "ABCKRVXZ"),
        (0.75, "NU"),
        (0.80, "&DGHOQ"),
        (0.84, "#+<=>^w~"),
        (0.90, "M"),
        (0.98, "%@Wm\u2026"),
    )
    for character in characters
}
_BOLD = 1.13
_INVISIBLE = {"Mn", "Me", "Cf"}
_BIDI_CONTROLS = {
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
}


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return an upper estimate of a text's width at a font size, in the same unit."""
    width = sum(_character_width(character) for character in text)
    return width * size * (_BOLD if bold else 1.0)


def _character_width(character: str) -> float:
    known = _WIDTHS.get(character)
    if known is not None:
        return known
    category = unicodedata.category(character)
    if category in _INVISIBLE:
        return 0.0
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return 1.3 if category == "So" else 1.0
    return 0.8 if category in ("Lu", "Sm", "So") else 0.68


def cleaned(text: str) -> str:
    """Return a text on one line, without control characters and direction overrides.

    What is left is legal in XML; direction controls could make a label show what it is not.
    """
    kept = (
        " " if character.isspace() else character
        for character in text
        if character not in _BIDI_CONTROLS
        and (unicodedata.category(character) not in ("Cc", "Cs", "Cn", "Co") or character.isspace())
    )
    return " ".join("".join(kept).split())


def typographic(name: str) -> str:
    """Return a name with its trailing primes set as primes, as papers print them."""
    stem = name.rstrip("'*")
    marks = name[len(stem) :]
    return stem + marks.replace("'''", "\u2034").replace("''", "\u2033").replace("'", "\u2032")


def shortened(text: str, limit: float, size: float) -> str:
    """Return the text, or as much of it as fits the limit with an ellipsis at its end."""
    if text_width(text, size) <= limit:
        return text
    room = limit - text_width("\u2026", size)
    kept = 0
    for character in text:
        room -= text_width(character, size)
        if room < 0:
            break
        kept += 1
    return text[:kept].rstrip(" ,<{") + "\u2026"


def wrapped(text: str, limit: float, size: float, lines: int) -> tuple[str, ...]:
    """Return the text broken at blanks into at most so many lines, the last one shortened."""
    result: list[str] = []
    rest = text.split(" ")
    while rest and len(result) < lines - 1:
        taken = 1
        while taken < len(rest) and text_width(" ".join(rest[: taken + 1]), size) <= limit:
            taken += 1
        result.append(shortened(" ".join(rest[:taken]), limit, size))
        rest = rest[taken:]
    if rest:
        result.append(shortened(" ".join(rest), limit, size))
    return tuple(result)
