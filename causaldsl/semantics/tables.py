"""Tables, lists and arrays read at an index: ``t[S]``, ``t[White]``, ``w[S, T]``, ``u[0]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from causaldsl.diagnostics.suggest import suggest
from causaldsl.semantics import name_errors, value_errors
from causaldsl.semantics.wording import shortened
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import levels_of

if TYPE_CHECKING:
    from causaldsl.semantics.resolve import Resolver


def level_text(expression: nodes.Expression) -> str | None:
    """Return what an expression says if it is taken for a level: a word, a text or a number."""
    match expression:
        case nodes.Name(name=name):
            return name
        case nodes.Text(value=value):
            return value
        case nodes.Number(text=text):
            return text
        case nodes.Unary(operand=nodes.Number(text=text)):
            return "-" + text
        case _:
            return None


def resolve_index(resolver: Resolver, index: nodes.Index) -> nodes.Expression:
    """Return a table, list or array read at an index, a level as text."""
    base = index.base
    if isinstance(base, nodes.Table):
        base = resolver.table(base)
        keys = tuple(entry.key for entry in base.entries)
        return replace(index, base=base, indices=_read_table(resolver, index, "the table", [keys]))
    if not isinstance(base, nodes.Name):
        finding = value_errors.wrong_index(
            shortened(base.span.text), "it is no table and no array", index.span
        )
        resolver.scope.findings.add(finding)
        return index
    scope = resolver.scope
    if base.name in scope.hypers:
        return _index_hyper(resolver, index, base)
    if base.name in scope.parameters:
        return _index_parameter(resolver, index, base)
    if base.name in scope.variables:
        size = scope.variables[base.name].size
        _check_cell(resolver, index, base.name, () if size is None else (size,))
        return index
    resolver.resolve(base)
    return index


def _index_hyper(resolver: Resolver, index: nodes.Index, base: nodes.Name) -> nodes.Expression:
    value = resolver.scope.hypers[base.name].value
    if isinstance(value, Mapping):
        indices = _read_table(resolver, index, f"`{base.name}`", [tuple(value)])
        return replace(index, indices=indices)
    _check_cell(resolver, index, base.name, (len(value),) if isinstance(value, tuple) else ())
    return index


def _index_parameter(resolver: Resolver, index: nodes.Index, base: nodes.Name) -> nodes.Expression:
    parameter = resolver.scope.parameters[base.name]
    if not parameter.table_of:
        _check_cell(resolver, index, base.name, parameter.sizes)
        return index
    tables = [levels_of(resolver.scope.variables[name].domain) or () for name in parameter.table_of]
    indices = _read_table(resolver, index, f"`{base.name}`", tables)
    return replace(index, indices=indices)


def _read_table(
    resolver: Resolver, index: nodes.Index, what: str, tables: list[tuple[str, ...]]
) -> tuple[nodes.Expression, ...]:
    if len(index.indices) != len(tables):
        reason = f"it has {len(index.indices)} indices, expected {len(tables)}"
        resolver.scope.findings.add(value_errors.wrong_index(what.strip("`"), reason, index.span))
        return index.indices
    pairs = zip(index.indices, tables, strict=True)
    return tuple(_at(resolver, item, what, keys, index.base.span) for item, keys in pairs)


def _at(
    resolver: Resolver, item: nodes.Expression, what: str, keys: tuple[str, ...], table: Span
) -> nodes.Expression:
    """Return one index of a table: a level as text, or a variable with these levels."""
    level = level_text(item)
    if level is not None and level in keys:
        return nodes.Text(value=level, span=item.span)
    if isinstance(item, nodes.Name) and item.name in resolver.scope.variables:
        _check_covers(resolver, item, what, keys, table)
        return item
    if isinstance(item, nodes.Name) and item.name not in resolver.scope.names.symbols:
        _unknown_index(resolver, item, what, keys)
        return item
    if level is not None and not isinstance(item, nodes.Name):
        finding = name_errors.unknown_level(level, what.strip("`"), keys, item.span, None)
        resolver.scope.findings.add(finding)
        return item
    resolver.variable(item, "a variable with levels, or a level")
    return item


def _unknown_index(resolver: Resolver, item: nodes.Name, what: str, keys: tuple[str, ...]) -> None:
    """Report a name that is neither a level of a table nor a variable."""
    scope = resolver.scope
    if item.name in scope.findings.reported:
        return
    if suggest(item.name, scope.variables):
        known: dict[str, Span | None] = dict.fromkeys(keys)
        known |= {name: variable.span for name, variable in scope.variables.items()}
        expected = "a variable or a level"
        finding = name_errors.unknown_name(item.name, expected, item.span, known)
    else:
        finding = name_errors.unknown_level(item.name, what.strip("`"), keys, item.span, None)
    scope.findings.add(finding, item.name)


def _check_covers(
    resolver: Resolver, item: nodes.Name, what: str, keys: tuple[str, ...], table: Span
) -> None:
    variable = resolver.scope.variables[item.name]
    levels = levels_of(variable.domain)
    if item.name in resolver.scope.findings.reported:
        return
    if levels is None:
        reason = f"`{item.name}` is {variable.domain}, expected a variable with levels"
        finding = value_errors.wrong_index(what.strip("`"), reason, item.span)
        resolver.scope.findings.add(finding)
        return
    if variable.size is not None:
        reason = f"`{item.name}` is an array of {variable.size}, expected one level in each row"
        finding = value_errors.wrong_index(what.strip("`"), reason, item.span)
        resolver.scope.findings.add(finding)
        return
    missing = [level for level in levels if level not in keys]
    if missing:
        resolver.scope.findings.add(
            value_errors.table_lacks(what, item.name, missing, item.span, None)
        )
        return
    extra = [key for key in keys if key not in levels]
    if extra:
        finding = name_errors.unknown_level(extra[0], item.name, levels, table, variable.span)
        resolver.scope.findings.add(finding)


def _check_cell(resolver: Resolver, index: nodes.Index, name: str, sizes: tuple[int, ...]) -> None:
    """Report a cell that an array or list does not have; cells count from 0."""
    if not sizes:
        reason = "it is one number, no table and no array"
        resolver.scope.findings.add(value_errors.wrong_index(name, reason, index.span))
        return
    if len(index.indices) != len(sizes):
        reason = f"it has {len(index.indices)} indices, expected {len(sizes)}"
        resolver.scope.findings.add(value_errors.wrong_index(name, reason, index.span))
        return
    for item, size in zip(index.indices, sizes, strict=True):
        position = item.value if isinstance(item, nodes.Number) else None
        if position is None or position != int(position) or not 0 <= position < size:
            reason = f"expected a cell from 0 to {size - 1}"
            resolver.scope.findings.add(value_errors.wrong_index(name, reason, item.span))
