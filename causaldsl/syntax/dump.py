"""Prints a syntax tree as an outline: what ``compile --emit ast`` shows."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

from causaldsl.source import Span

_SKIPPED = ("blank_before", "text")


def dump(node: object, depth: int = 0) -> str:
    """Return a node and everything below it, one line each, without positions."""
    pad = "  " * depth
    if isinstance(node, tuple):
        return "\n".join(dump(item, depth) for item in node)
    if not is_dataclass(node) or isinstance(node, type):
        return f"{pad}{node!r}"
    plain: list[str] = []
    nested: list[str] = []
    for f in fields(node):
        value = getattr(node, f.name)
        if isinstance(value, Span) or f.name in _SKIPPED or value in ((), None):
            continue
        if is_dataclass(value) or (isinstance(value, tuple) and any(map(is_dataclass, value))):
            nested.append(f"{pad}  {f.name}:\n{dump(value, depth + 2)}")
        else:
            plain.append(f"{f.name}={getattr(value, 'value', value)!r}")
    head = f"{pad}{type(node).__name__}({', '.join(plain)})"
    return "\n".join([head, *nested])
