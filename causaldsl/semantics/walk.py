"""Walking over expressions: which names they hold, and where."""

from __future__ import annotations

from collections.abc import Iterator

from causaldsl.semantics.scope import Scope
from causaldsl.syntax import nodes


def children(expression: nodes.Expression) -> tuple[nodes.Expression, ...]:
    """Return the expressions directly inside an expression, settings left out."""
    match expression:
        case nodes.Unary(operand=inner):
            return (inner,)
        case nodes.Binary(left=left, right=right) | nodes.Compare(left=left, right=right):
            return (left, right)
        case nodes.ListOf(items=items) | nodes.TupleOf(items=items):
            return items
        case nodes.Table(entries=entries):
            return tuple(entry.value for entry in entries)
        case nodes.Index(base=base, indices=indices):
            return (base, *indices)
        case nodes.Call(inputs=inputs):
            return inputs
        case nodes.By(body=body, branch=branch):
            return (body, branch)
        case nodes.From(target=target, source=source):
            return (target, source)
        case nodes.World(base=base, assignments=assignments):
            return (base, *(a.value for a in assignments))
        case nodes.Expectation(body=body, level=level, facts=facts):
            return (*body, *(() if level is None else (level,)), *facts)
        case nodes.Number() | nodes.Text() | nodes.Name():
            return ()


def walk(expression: nodes.Expression) -> Iterator[nodes.Expression]:
    """Yield an expression and everything inside it, in the order of the text."""
    stack = [expression]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(children(current)))


def names_in(expression: nodes.Expression) -> Iterator[nodes.Name]:
    """Yield the names in an expression, in the order of the text, settings left out."""
    return (item for item in walk(expression) if isinstance(item, nodes.Name))


def every_name(expression: nodes.Expression) -> Iterator[str]:
    """Yield each name in an expression, those in settings and table keys included."""
    for item in walk(expression):
        match item:
            case nodes.Name(name=name):
                yield name
            case nodes.Call(settings=settings):
                for setting in settings:
                    yield from every_name(setting.value)
            case nodes.World(assignments=assignments):
                for assignment in assignments:
                    yield assignment.target.name
            case nodes.Table(entries=entries):
                yield from (entry.key for entry in entries)
            case _:
                pass


def variables_in(expression: nodes.Expression, scope: Scope) -> dict[str, nodes.Name]:
    """Return the variables that an expression reads, each with its first place."""
    found: dict[str, nodes.Name] = {}
    for name in names_in(expression):
        if name.name in scope.variables:
            found.setdefault(name.name, name)
    return found
