"""The page of a diagnostic code, from the installed package or from a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_FOLDERS = (_PACKAGE / "_data" / "errors", _PACKAGE.parent / "docs" / "errors")


def page_of(code: str) -> str | None:
    """Return the Markdown page of a code, None when there is none.

    Examples
    --------
    >>> page_of("CD000") is None
    True
    """
    if not (code.startswith("CD") and code[2:].isascii() and code[2:].isdigit()):
        return None
    for folder in _FOLDERS:
        path = folder / f"{code}.md"
        if path.is_file():
            return path.read_text("utf-8")
    return None
