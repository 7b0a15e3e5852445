"""Expressions, levels and quoted text as canonical documents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from causaldsl.syntax import nodes
from causaldsl.syntax.layout import Doc, group
from causaldsl.syntax.tokens import HIDDEN, RESERVED

_NAME = re.compile(r"[^\W\d]\w*'*")
_NUMBER = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_LONGEST_NAME = 200
_LONGEST_NUMBER = 100
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}

# How tightly a phrase binds, loosest first; the grammar's rules have the same order.
_COMPARE, _SUM, _PRODUCT, _UNARY, _POWER, _BRANCH, _PRIMARY = range(7)
_BINARY = {
    "+": (_SUM, _SUM, _PRODUCT),
    "-": (_SUM, _SUM, _PRODUCT),
    "*": (_PRODUCT, _PRODUCT, _UNARY),
    "/": (_PRODUCT, _PRODUCT, _UNARY),
    "^": (_POWER, _BRANCH, _UNARY),
}


def is_plain_name(text: str) -> bool:
    """Say whether a text may stand as a name, without quotes."""
    return (
        _NAME.fullmatch(text) is not None
        and text not in RESERVED
        and "__" not in text
        and len(text) <= _LONGEST_NAME
        and unicodedata.normalize("NFKC", text) == text
    )


def quoted(text: str) -> str:
    """Return a text in quotes, with what cannot be seen written out."""
    return '"' + "".join(_ESCAPES.get(c) or _escape(c) for c in text) + '"'


def _escape(character: str) -> str:
    if HIDDEN.match(character) is None:
        return character
    point = ord(character)
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def level_text(level: str) -> str:
    """Return a level, in quotes unless it is a plain name."""
    return level if is_plain_name(level) else quoted(level)


def key_text(key: str) -> str:
    """Return the key of a table, in quotes unless it is a plain name or a number."""
    is_number = (
        _NUMBER.fullmatch(key) is not None
        and len(key) <= _LONGEST_NUMBER
        and abs(float(key)) != float("inf")
    )
    return key if is_number else level_text(key)


def comma_list(names: Sequence[nodes.Name]) -> Doc:
    """Return names with commas between them."""
    return group("", [(name.name,) for name in names], "")


def table_doc(entries: Sequence[nodes.Entry]) -> Doc:
    """Return a table."""
    items = [(f"{key_text(entry.key)}: ", *expression_doc(entry.value)) for entry in entries]
    return group("{", items, "}")


def expression_doc(expression: nodes.Expression) -> Doc:
    """Return an expression where nothing binds tighter than a sum."""
    return _doc(expression, _COMPARE)


def _binding(expression: nodes.Expression) -> int:
    match expression:
        case nodes.Compare() | nodes.From():
            return _COMPARE
        case nodes.Binary():
            return _BINARY[expression.op][0]
        case nodes.Unary():
            return _UNARY
        case nodes.By():
            return _BRANCH
        case _:
            return _PRIMARY


def _doc(expression: nodes.Expression, least: int) -> Doc:
    """Return an expression, in parentheses if it binds less than `least`."""
    doc = _bare(expression)
    return group("(", [doc], ")") if _binding(expression) < least else doc


def _bare(expression: nodes.Expression) -> Doc:
    match expression:
        case nodes.Number():
            return (_number_text(expression),)
        case nodes.Text():
            return (quoted(expression.value),)
        case nodes.Name():
            return (expression.name,)
        case nodes.ListOf():
            return group("[", [expression_doc(item) for item in expression.items], "]")
        case nodes.Table():
            return table_doc(expression.entries)
        case nodes.TupleOf():
            return group("(", [_doc(item, _SUM) for item in expression.items], ")")
        case nodes.Index():
            indices = [expression_doc(index) for index in expression.indices]
            return (*_doc(expression.base, _PRIMARY), *group("[", indices, "]"))
        case nodes.Call():
            return _call(expression)
        case nodes.World():
            assignments = [assignment_doc(item) for item in expression.assignments]
            return (*_doc(expression.base, _PRIMARY), *group("[", assignments, "]"))
        case nodes.Expectation():
            return _expectation(expression)
        case _:
            return _operation(expression)


def _operation(expression: nodes.Expression) -> Doc:
    match expression:
        case nodes.Unary():
            return ("-", *_doc(expression.operand, _UNARY))
        case nodes.Binary(op="+" | "-"):
            return _sum(expression)
        case nodes.Binary():
            return _product(expression, tight=False)
        case nodes.Compare():
            sides = _doc(expression.left, _SUM), _doc(expression.right, _SUM)
            return (*sides[0], f" {expression.op} ", *sides[1])
        case nodes.By():
            body = _doc(expression.body, _PRIMARY)
            return (*body, " by ", *_doc(expression.branch, _PRIMARY))
        case nodes.From():
            target = _doc(expression.target, _SUM)
            return (*target, " from ", *_doc(expression.source, _SUM))
        case _:
            raise AssertionError(f"no rule prints {type(expression).__name__}")


def _number_text(number: nodes.Number) -> str:
    return number.text if number.text and float(number.text) == number.value else repr(number.value)


def _sum(expression: nodes.Binary) -> Doc:
    """Return a chain of sums as one group: its terms, with products written tightly."""
    terms: list[Doc] = []
    signs: list[str] = []
    left: nodes.Expression = expression
    while isinstance(left, nodes.Binary) and left.op in "+-":
        terms.append(_term(left.right, _PRODUCT))
        signs.append(f" {left.op}")
        left = left.left
    terms.append(_term(left, _SUM))
    return group("", terms[::-1], "", ends=signs[::-1], needs_bracket=True)


def _term(expression: nodes.Expression, least: int) -> Doc:
    if isinstance(expression, nodes.Binary) and expression.op in "*/":
        return _product(expression, tight=True)
    return _doc(expression, least)


def _product(expression: nodes.Binary, *, tight: bool) -> Doc:
    _, left, right = _BINARY[expression.op]
    sign = expression.op if tight or expression.op == "^" else f" {expression.op} "
    first = expression.left
    if tight and isinstance(first, nodes.Binary) and first.op in "*/":
        return (*_product(first, tight=True), sign, *_doc(expression.right, right))
    return (*_doc(first, left), sign, *_doc(expression.right, right))


def _call(call: nodes.Call) -> Doc:
    items = [expression_doc(item) for item in call.inputs]
    ends = ["," for _ in items]
    if call.settings:
        if ends:
            ends[-1] = ";"
        items += [(f"{s.name}=", *expression_doc(s.value)) for s in call.settings]
        ends += ["," for _ in call.settings]
    return group(f"{call.name}(", items, ")", ends=ends[:-1])


def _expectation(expression: nodes.Expectation) -> Doc:
    items = [expression_doc(item) for item in expression.body]
    if expression.level is not None:
        items.append(expression_doc(expression.level))
    ends = ["," for _ in items]
    if expression.facts:
        ends[-1] = " |"
        items += [expression_doc(fact) for fact in expression.facts]
        ends += ["," for _ in expression.facts]
    return group(f"{expression.kind}[", items, "]", ends=ends[:-1])


def assignment_doc(assignment: nodes.Assignment) -> Doc:
    """Return ``S <- value along ...``."""
    sign = "<-" if assignment.kind == "set" else "~"
    value = _doc(assignment.value, _SUM)
    return (f"{assignment.target.name} {sign} ", *value, *_along(assignment.along))


def _along(paths: Sequence[nodes.Path]) -> Doc:
    docs: list[Doc] = [(" -> ".join(name.name for name in path.names),) for path in paths]
    if not docs:
        return ()
    return (" along ", *(docs[0] if len(docs) == 1 else group("{", docs, "}")))
