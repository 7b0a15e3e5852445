"""Python text in lines of at most 100 characters, laid out as formatters do."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH = 100


def indent(text: str, depth: int = 1) -> str:
    """Indent every non-empty line."""
    pad = "    " * depth
    return "\n".join(pad + line if line else line for line in text.split("\n"))


def _closing_quote(text: str, start: int) -> int:
    """Return where the string literal that begins at `start` ends."""
    k = start + 1
    while text[k] != text[start]:
        k += 2 if text[k] == "\\" else 1
    return k


def split_sum(text: str) -> list[str]:
    """Split a sum at its outermost plus signs."""
    pieces, depth, start, k = [], 0, 0, 0
    while k < len(text):
        if text[k] in "([{":
            depth += 1
        elif text[k] in ")]}":
            depth -= 1
        elif text[k] in "'\"":
            k = _closing_quote(text, k)
        elif depth == 0 and text[k : k + 3] == " + ":
            pieces.append(text[start:k])
            start = k + 3
        k += 1
    return [*pieces, text[start:]]


def split_items(text: str) -> list[str]:
    """Split an argument list at its outermost commas."""
    pieces, depth, start, k = [], 0, 0, 0
    while k < len(text):
        if text[k] in "([{":
            depth += 1
        elif text[k] in ")]}":
            depth -= 1
        elif text[k] in "'\"":
            k = _closing_quote(text, k)
        elif depth == 0 and text[k : k + 2] == ", ":
            pieces.append(text[start:k])
            start = k + 2
        k += 1
    return [*pieces, text[start:]]


def _is_one_call(text: str) -> int:
    """Return where the bracket of ``f(...)`` opens if the text is exactly one call, else -1."""
    if not text.endswith(")") or "(" not in text:
        return -1
    opening = text.index("(")
    if not all(c.isidentifier() or c == "." or c.isalnum() for c in text[:opening]):
        return -1
    depth, k = 0, opening
    while k < len(text):
        if text[k] in "'\"":
            k = _closing_quote(text, k)
        depth += (text[k] in "([{") - (text[k] in ")]}")
        if depth == 0 and k < len(text) - 1:
            return -1
        k += 1
    return opening


def _keyword(item: str) -> tuple[str, str]:
    """Return the ``name=`` of a keyword argument, or nothing, and the rest."""
    name, sign, value = item.partition("=")
    return (name + sign, value) if sign and name.isidentifier() else ("", item)


def fit(prefix: str, text: str, depth: int = 1, behind: int = 0) -> str:
    """Return ``prefix + text``, over several lines when one is too long.

    `behind` counts what the last line ends in, such as a comma.
    """
    pad = "    " * depth
    if len(pad) + len(prefix) + len(text) + behind <= WIDTH:
        return pad + prefix + text
    opening = _is_one_call(text)
    if opening >= 0:
        inner = text[opening + 1 : -1]
        head = pad + prefix + text[: opening + 1]
        if len(pad) + 4 + len(inner) <= WIDTH and "\n" not in inner:
            return f"{head}\n{pad}    {inner}\n{pad})"
        items = [fit(*_keyword(i), depth + 1, 1) for i in split_items(inner)]
        return head + "\n" + "\n".join(i + "," for i in items) + f"\n{pad})"
    pieces = split_sum(text)
    if len(pieces) == 1:
        return f"{pad}{prefix}(\n{pad}    {text}\n{pad})"
    if len(pad) + 4 + len(text) <= WIDTH:
        return f"{pad}{prefix}(\n{pad}    {text}\n{pad})"
    lines = [fit("", pieces[0], depth + 1)]
    lines += [fit("+ ", p, depth + 1) for p in pieces[1:]]
    return f"{pad}{prefix}(\n" + "\n".join(lines) + f"\n{pad})"


def _item(item: str) -> str:
    """Return one item of a display; a tuple in it that is too long goes one entry a line."""
    if len(item) + 5 <= WIDTH or ": (" not in item or not item.endswith(")"):
        return item
    key, _, rest = item.partition(": (")
    inner = "".join(f"        {i},\n" for i in split_items(rest[:-1].rstrip(",")))
    return f"{key}: (\n{inner}    )"


def collection(prefix: str, items: Sequence[str], brackets: str = "()") -> str:
    """Return ``prefix`` with a tuple, list or dict display, one item a line when too long."""
    opening, closing = brackets[0], brackets[1]
    comma = "," if brackets == "()" and len(items) == 1 else ""
    flat = f"{prefix}{opening}{', '.join(items)}{comma}{closing}"
    if len(flat) <= WIDTH:
        return flat
    inner = "".join(f"    {_item(i)},\n" for i in items)
    return f"{prefix}{opening}\n{inner}{closing}"


def with_comment(line: str, comment: str) -> str:
    """Put a comment behind a line, or above it where it would not fit."""
    last = line.rsplit("\n", 1)[-1]
    if "\n" not in line and len(last) + 4 + len(comment) <= WIDTH:
        return f"{line}  # {comment}"
    pad = line[: len(line) - len(line.lstrip())]
    return f"{pad}# {comment}\n{line}"
