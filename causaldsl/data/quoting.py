"""Any text as the language writes it: quoted strings, levels, and safe, distinct identifiers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from causaldsl.semantics.names import RESERVED
from causaldsl.vocabulary.domains import SCALAR_WORDS

_NAME = re.compile(r"[^\W\d]\w*")
_LONGEST = 60
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
#: Words that are names to the grammar, but would puzzle a reader as variables.
_PUZZLING = frozenset({*SCALAR_WORDS, "image"})


def quote(text: str) -> str:
    """Return a text as a string of the language, with nothing hidden or raw inside it."""
    return '"' + "".join(_ESCAPES.get(c) or _visible(c) for c in text) + '"'


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    pairs = (units[i : i + 2].hex() for i in range(0, len(units), 2))
    return character if len(units) > 2 else "".join(f"\\u{pair}" for pair in pairs)


def level_text(level: str) -> str:
    """Return a level as it is written in a domain: bare if it is a plain name."""
    return level if is_plain_name(level) else quote(level)


def is_plain_name(text: str) -> bool:
    """Whether a text can stand without quotes as a name that is not the language's own."""
    return (
        _NAME.fullmatch(text) is not None
        and "__" not in text
        and text not in RESERVED
        and len(text) <= _LONGEST
        and unicodedata.normalize("NFKC", text) == text
    )


def identifiers(names: Iterable[str]) -> list[str]:
    """Return for each of several distinct names an identifier close to it, all distinct.

    Names that are identifiers already keep their spelling.
    """
    wanted = list(names)
    taken = {name for name in wanted if _identifier(name) == name}
    found: list[str] = []
    for name in wanted:
        chosen = base = _identifier(name)
        number = 1
        while chosen in taken and chosen != name:
            number += 1
            chosen = f"{base}_{number}"
        taken.add(chosen)
        found.append(chosen)
    return found


def _identifier(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name)
    plain = re.sub(r"_+", "_", re.sub(r"\W", "_", plain)).strip("_")[:_LONGEST].strip("_")
    if plain and not _NAME.fullmatch(plain):  # it begins with a digit
        plain = f"x{plain}"
    if plain in RESERVED or plain in _PUZZLING:
        plain = f"{plain}_column"
    return plain if is_plain_name(plain) else "column"
