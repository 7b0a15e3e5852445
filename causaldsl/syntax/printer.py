"""Nodes back to canonical text: what ``causaldsl fmt`` writes.

Parsing what is printed gives the same nodes, and printing that gives the same text. Comments stand
above their statement or behind it; those written inside a statement have moved above it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from causaldsl.syntax import nodes
from causaldsl.syntax.layout import Doc, flat, group, lay_out
from causaldsl.syntax.phrases import (
    assignment_doc,
    comma_list,
    expression_doc,
    level_text,
    quoted,
    table_doc,
)

# Cells of neighbouring lines are aligned when none of them is wider.
_WIDEST_CELL = 24


def print_expression(expression: nodes.Expression) -> str:
    """Return an expression on one line, with the parentheses it needs and no others."""
    return flat(expression_doc(expression))


def print_assignment(assignment: nodes.Assignment) -> str:
    """Return an intervention on one line, as the command line takes it."""
    return flat(assignment_doc(assignment))


def print_statement(statement: nodes.Statement) -> str:
    """Return one statement without its comments, as it looks on its own."""
    return "\n".join(_lines(statement, _cells(statement)))


def print_program(program: nodes.Program) -> str:
    """Return the canonical text of a program, ending in a line break unless it is empty."""
    lines: list[str] = []
    for block in _blocks(program.statements):
        for statement, cells in zip(block, _aligned(block), strict=True):
            if statement.blank_before and lines:
                lines.append("")
            lines.extend(statement.comments)
            lines.extend(_with_comment(_lines(statement, cells), statement.trailing))
    lines.extend(program.comments)
    return "".join(f"{line}\n" for line in lines)


def _with_comment(lines: list[str], comment: str | None) -> list[str]:
    return lines if comment is None else [*lines[:-1], f"{lines[-1]}  {comment}"]


# --- aligned lines --------------------------------------------------------------------------


def _blocks(statements: Sequence[nodes.Statement]) -> Iterable[list[nodes.Statement]]:
    """Return runs of statements of one kind that nothing separates."""
    number = 0
    numbered: list[tuple[int, nodes.Statement]] = []
    before: nodes.Statement | None = None
    for statement in statements:
        if type(statement) is not type(before) or statement.blank_before or statement.comments:
            number += 1
        numbered.append((number, statement))
        before = statement
    for _, members in groupby(numbered, key=lambda pair: pair[0]):
        yield [statement for _, statement in members]


def _aligned(block: Sequence[nodes.Statement]) -> list[list[str]]:
    """Return the cells of each line, padded to the width they have in the block."""
    rows = [_cells(statement)[: _narrow(_cells(statement))] for statement in block]
    widths = [0] * max(len(row) for row in rows)
    for row in rows:
        widths[: len(row)] = map(max, zip(map(len, row), widths, strict=False))
    return [[cell.ljust(width) for cell, width in zip(row, widths, strict=False)] for row in rows]


def _narrow(cells: Sequence[str]) -> int:
    """Return how many cells from the left may be aligned."""
    wide = (position for position, cell in enumerate(cells) if len(cell) > _WIDEST_CELL)
    return next(wide, len(cells))


def _cells(statement: nodes.Statement) -> list[str]:
    """Return the beginnings of a line that neighbours align."""
    match statement:
        case nodes.VariableDeclaration(domain=None):
            return [statement.role.value]
        case nodes.VariableDeclaration():
            cells = [statement.role.value, flat(_declared(statement.names))]
            has_more = flat(_behind_domain(statement)) != ""
            return [*cells, flat(_domain(statement.domain))] if has_more else cells
        case nodes.Arrows():
            return [flat(comma_list(statement.stops[0]))]
        case nodes.MechanismStatement():
            return [flat(comma_list(statement.targets))]
        case nodes.LossStatement(name=nodes.Name(name=name)):
            return [name]
        case nodes.QueryStatement():
            return [statement.name.name]
        case _:
            return []


def _lines(statement: nodes.Statement, cells: list[str]) -> list[str]:
    return lay_out(_statement(statement, _Cells(cells)))


class _Cells:
    """The padding each cell has, handed out in order."""

    def __init__(self, cells: list[str]) -> None:
        self._cells = iter(cells)

    def pad(self, doc: Doc) -> Doc:
        """Return the document with the blanks that fill its cell."""
        missing = len(next(self._cells, "")) - len(flat(doc))
        return (*doc, " " * missing) if missing > 0 else doc


# --- statements -----------------------------------------------------------------------------


def _statement(statement: nodes.Statement, cells: _Cells) -> Doc:
    match statement:
        case nodes.Header():
            title = "" if statement.title is None else f" {quoted(statement.title)}"
            return (f"scm {statement.name.name}{title}",)
        case nodes.Param():
            return (f"param {statement.name.name} = ", *expression_doc(statement.value))
        case nodes.VariableDeclaration():
            return _variable(statement, cells)
        case nodes.MissingPolicy():
            return (f"missing {statement.policy}",)
        case nodes.GroupDeclaration():
            return (f"group {statement.name.name} = ", *comma_list(statement.members))
        case nodes.Arrows():
            return _arrows(statement, cells)
        case nodes.MechanismStatement():
            targets = cells.pad(comma_list(statement.targets))
            return (*targets, f" {statement.kind} ", *expression_doc(statement.right))
        case nodes.Learn():
            return _learn(statement)
        case nodes.Prior():
            return ("prior ", *_declared(statement.names), " ~ ", *expression_doc(statement.right))
        case nodes.Guide():
            return ("guide ", *_targets(statement.targets), *expression_doc(statement.right))
        case nodes.CouplingStatement():
            return ("coupling ", *_targets(statement.targets), statement.word.name)
        case _:
            return _objective(statement, cells)


def _objective(statement: nodes.Statement, cells: _Cells) -> Doc:
    match statement:
        case nodes.LossStatement(name=None):
            return ("loss ", *expression_doc(statement.value))
        case nodes.LossStatement(name=nodes.Name(name=name)):
            return ("loss ", *cells.pad((name,)), " = ", *expression_doc(statement.value))
        case nodes.Train():
            settings = [(f"{s.name}=", *expression_doc(s.value)) for s in statement.settings]
            return ("train ", *group("", settings, ""))
        case nodes.Predict():
            features = [expression_doc(feature) for feature in statement.features]
            return (f"predict {statement.target.name} from ", *group("", features, ""))
        case nodes.QueryStatement():
            padded = cells.pad((statement.name.name,))
            return ("query ", *padded, " = ", *expression_doc(statement.value))
        case nodes.Assert():
            return ("assert not " if statement.negated else "assert ", *_claim(statement.claim))
        case _:
            raise AssertionError(f"no rule prints {type(statement).__name__}")


def _variable(statement: nodes.VariableDeclaration, cells: _Cells) -> Doc:
    role = cells.pad((statement.role.value,))
    names = _declared(statement.names)
    doc: Doc = (*role, " ", *names)
    if statement.domain is not None:
        doc = (*role, " ", *cells.pad(names), " : ", *cells.pad(_domain(statement.domain)))
    return (*doc, *_behind_domain(statement))


def _behind_domain(statement: nodes.VariableDeclaration) -> Doc:
    doc: Doc = ()
    if statement.columns is not None:
        doc = (" from ", *_columns(statement.columns))
    if statement.recode is not None:
        doc = (*doc, " as ", *table_doc(statement.recode))
    if statement.otherwise is not None:
        doc = (*doc, f" else {statement.otherwise}")
    if statement.missing is not None:
        doc = (*doc, f" missing {statement.missing}")
    if statement.label is not None:
        doc = (*doc, f" {quoted(statement.label)}")
    return doc


def _declared(names: Sequence[nodes.Declared]) -> Doc:
    return group("", [_one_declared(name) for name in names], "")


def _one_declared(declared: nodes.Declared) -> Doc:
    if not declared.sizes:
        return (declared.name.name,)
    sizes = [expression_doc(size) for size in declared.sizes]
    return (declared.name.name, *group("[", sizes, "]"))


def _domain(domain: nodes.DomainNode | None) -> Doc:
    if domain is None:
        return ()
    if domain.word == "image":
        return group("image[", [(str(size),) for size in domain.sizes], "]")
    levels: list[Doc] = [(level_text(level),) for level in domain.levels]
    if domain.word == "levels":
        return group("{", levels, "}")
    if domain.word == "ordered":
        return group("{", levels, "}", ends=[" <" for _ in levels[1:]])
    return (domain.word,)


def _columns(columns: nodes.Columns) -> Doc:
    if columns.last is not None:
        inner: Doc = (f"{quoted(columns.names[0])} .. {quoted(columns.last)}",)
        items = [inner]
    else:
        items = [(quoted(name),) for name in columns.names]
    if columns.transform is None:
        return group("", items, "")
    return group(f"{columns.transform.name}(", items, ")")


def _arrows(statement: nodes.Arrows, cells: _Cells) -> Doc:
    sign = " <-> " if statement.bidirected else " -> "
    parts = list(cells.pad(comma_list(statement.stops[0])))
    for stop in statement.stops[1:]:
        parts += [sign, *comma_list(stop)]
    return tuple(parts)


def _learn(statement: nodes.Learn) -> Doc:
    doc: Doc = ("learn ", *_declared(statement.names))
    if statement.domain is not None:
        doc = (*doc, " : ", *_domain(statement.domain))
    if statement.start is not None:
        doc = (*doc, " = ", *expression_doc(statement.start))
    return doc


def _targets(names: Sequence[nodes.Name]) -> Doc:
    return (*comma_list(names), " ~ ") if names else ()


def _claim(claim: nodes.Claim) -> Doc:
    if claim.kind == "arrow":
        return (*comma_list(claim.arguments[0]), " -> ", *comma_list(claim.arguments[1]))
    items = [_claim_argument(argument) for argument in claim.arguments]
    ends = ["," for _ in items]
    if claim.given:
        ends[-1] = " |"
        items += [(name.name,) for name in claim.given]
        ends += ["," for _ in claim.given]
    return group(f"{claim.kind}(", items, ")", ends=ends[:-1])


def _claim_argument(names: Sequence[nodes.Name]) -> Doc:
    if len(names) == 1:
        return (names[0].name,)
    return group("(", [(name.name,) for name in names], ")")
