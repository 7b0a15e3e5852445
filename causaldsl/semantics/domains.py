"""Variables as declared: domain, size, and the columns that hold their values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, cast

from causaldsl.semantics import domain_errors, value_errors
from causaldsl.semantics.model import ColumnBinding, Hyper, MissingWord, cell_columns
from causaldsl.semantics.params import empty_scope
from causaldsl.semantics.scope import DeclaredVariable, Findings, Names, Scope
from causaldsl.semantics.values import constant_of
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import (
    SCALAR_WORDS,
    Binary,
    Categorical,
    Count,
    Domain,
    Image,
    Ordered,
    Positive,
    Real,
    UnitInterval,
    levels_of,
)

MAX_VARIABLES = 10_000
MAX_SIZE = 1_000_000
MAX_LEVELS = 1_000

Transform = Literal["floor", "log", "round", "standardize"]

#: Domains that a transform's values belong to.
TRANSFORMS: dict[str, tuple[type, ...]] = {
    "floor": (Real, Count),
    "round": (Real, Count),
    "log": (Real,),
    "standardize": (Real,),
}


def check_variables(
    names: Names, hypers: Mapping[str, Hyper], findings: Findings
) -> dict[str, DeclaredVariable]:
    """Return the declared variables in the order of the text."""
    scope = empty_scope(names, hypers, findings)
    policies = [s.policy for s in names.of(nodes.MissingPolicy)]
    policy: MissingWord = policies[0] if policies else "error"
    variables: dict[str, DeclaredVariable] = {}
    for statement in names.of(nodes.VariableDeclaration):
        domain = check_domain(statement.domain, statement, findings)
        _check_shared_columns(statement, findings)
        for declared in statement.names:
            name = declared.name.name
            symbol = names.symbols[name]
            if symbol.kind != "variable" or symbol.span != declared.name.span:
                continue
            if len(variables) == MAX_VARIABLES:
                found = _count_variables(names)
                findings.add(
                    domain_errors.beyond_limit(
                        "the number of variables", found, MAX_VARIABLES, declared.span
                    )
                )
                return variables
            variables[name] = _variable(statement, declared, domain, policy, len(variables), scope)
    return variables


def _count_variables(names: Names) -> int:
    return sum(len(s.names) for s in names.of(nodes.VariableDeclaration))


def _check_shared_columns(statement: nodes.VariableDeclaration, findings: Findings) -> None:
    if statement.columns is not None and len(statement.names) > 1:
        span = statement.columns.span
        findings.add(domain_errors.one_column_for_many(len(statement.names), span))


def check_domain(
    node: nodes.DomainNode | None, statement: nodes.Statement, findings: Findings
) -> Domain:
    """Return a domain as written, real when nothing is said."""
    if node is None:
        return Real()
    if node.word in SCALAR_WORDS:
        return SCALAR_WORDS[node.word]
    if node.word == "image":
        if len(node.sizes) != 3 or min(node.sizes) < 1:
            findings.add(domain_errors.wrong_image(node.sizes, node.span), *_names(statement))
            return Real()
        channels, height, width = node.sizes
        if channels * height * width > MAX_SIZE:
            found = channels * height * width
            what = "the number of pixels"
            findings.add(domain_errors.beyond_limit(what, found, MAX_SIZE, node.span))
        return Image(channels, height, width)
    return _levels(node, statement, findings)


def _levels(node: nodes.DomainNode, statement: nodes.Statement, findings: Findings) -> Domain:
    levels = tuple(dict.fromkeys(node.levels))
    if len(levels) < len(node.levels):
        twice = next(level for level in levels if node.levels.count(level) > 1)
        findings.add(domain_errors.level_twice(twice, node.span), *_names(statement))
    elif len(levels) < 2:
        findings.add(domain_errors.too_few_levels(len(levels), node.span), *_names(statement))
    if len(levels) > MAX_LEVELS:
        found = len(levels)
        findings.add(
            domain_errors.beyond_limit("the number of levels", found, MAX_LEVELS, node.span)
        )
    return Ordered(levels) if node.word == "ordered" else Categorical(levels)


def _names(statement: nodes.Statement) -> tuple[str, ...]:
    if isinstance(statement, nodes.VariableDeclaration):
        return tuple(declared.name.name for declared in statement.names)
    return ()


def _variable(
    statement: nodes.VariableDeclaration,
    declared: nodes.Declared,
    domain: Domain,
    policy: MissingWord,
    order: int,
    scope: Scope,
) -> DeclaredVariable:
    name = declared.name.name
    size = _size(declared, domain, scope)
    binding = None
    if statement.role.is_observed:
        binding = _binding(statement, name, domain, size, scope.findings)
    else:
        _check_unbound(statement, name, scope.findings)
    return DeclaredVariable(
        name=name,
        role=statement.role,
        domain=domain,
        size=size,
        binding=binding,
        missing=statement.missing or policy,
        label=statement.label,
        order=order,
        span=declared.name.span,
    )


def _size(declared: nodes.Declared, domain: Domain, scope: Scope) -> int | None:
    if not declared.sizes:
        return None
    name = declared.name.name
    span = declared.sizes[0].span
    size = plain_size(declared.sizes[0], name, scope)
    if len(declared.sizes) > 1:
        found = f"{len(declared.sizes)} numbers"
        scope.findings.add(domain_errors.wrong_size(name, found, span), name)
    if isinstance(domain, Image | Categorical | Ordered):
        word = "images" if isinstance(domain, Image) else "levels"
        scope.findings.add(domain_errors.array_of(name, word, span), name)
    return size


def plain_size(expression: nodes.Expression, name: str, scope: Scope) -> int | None:
    """Return a size that is a number or a param, reporting what is none."""
    known = isinstance(expression, nodes.Number) or (
        isinstance(expression, nodes.Name) and expression.name in scope.hypers
    )
    value = constant_of(expression, scope) if known else None
    if value is None or value != int(value) or value < 1:
        found = f"`{expression.span.text}`"
        scope.findings.add(domain_errors.wrong_size(name, found, expression.span), name)
        return None
    if value > MAX_SIZE:
        what = f"the size of `{name}`"
        finding = domain_errors.beyond_limit(what, int(value), MAX_SIZE, expression.span)
        scope.findings.add(finding, name)
        return None
    return int(value)


def clause_span(statement: nodes.Statement, word: str) -> Span:
    """Return the place of a clause's word in a statement, outside quoted texts and comments."""
    span = statement.span
    for match in re.finditer(rf'"(?:[^"\\]|\\.)*"|#[^\n]*|\b{word}\b', span.text):
        if match.group() == word:
            start = span.start + match.start()
            return Span(file=span.file, start=start, end=start + len(word))
    return span


def _check_unbound(statement: nodes.VariableDeclaration, name: str, findings: Findings) -> None:
    clauses = {
        "from": statement.columns,
        "as": statement.recode,
        "else": statement.otherwise,
        "missing": statement.missing,
    }
    for clause, value in clauses.items():
        if value is not None:
            span = clause_span(statement, clause)
            role = statement.role.value
            findings.add(domain_errors.bound_unobserved(name, role, clause, span))
            return


def _binding(
    statement: nodes.VariableDeclaration,
    name: str,
    domain: Domain,
    size: int | None,
    findings: Findings,
) -> ColumnBinding:
    columns = statement.columns
    transform = None
    if columns is not None:
        _check_columns(columns, name, size, findings)
        transform = _transform(columns, statement, name, domain, findings)
    recode = None
    if statement.recode is not None:
        recode = _recode(statement.recode, statement, name, domain, findings)
    otherwise = statement.otherwise
    if otherwise is not None and recode is None and levels_of(domain) is None:
        span = clause_span(statement, "else")
        finding = domain_errors.else_without_values(otherwise, name, str(domain), span)
        findings.add(finding)
    is_range = columns is not None and columns.last is not None
    return ColumnBinding(
        columns=_column_names(columns, name, size),
        is_range=is_range,
        transform=transform,
        recode=recode,
        otherwise=otherwise or "error",
    )


def _column_names(columns: nodes.Columns | None, name: str, size: int | None) -> tuple[str, ...]:
    if columns is None:
        return (name,) if size is None else cell_columns(name, size)
    return columns.names if columns.last is None else (*columns.names[:1], columns.last)


def _check_columns(columns: nodes.Columns, name: str, size: int | None, findings: Findings) -> None:
    cells = 1 if size is None else size
    if name in findings.reported:
        return
    if columns.last is not None:
        if cells == 1:
            findings.add(domain_errors.columns_and_cells(name, 2, cells, columns.span))
        return
    if len(columns.names) != cells:
        found = len(columns.names)
        findings.add(domain_errors.columns_and_cells(name, found, cells, columns.span))
    seen: set[str] = set()
    for column in columns.names:
        if column in seen:
            findings.add(domain_errors.column_twice(column, columns.span))
        seen.add(column)


def _transform(
    columns: nodes.Columns,
    statement: nodes.VariableDeclaration,
    name: str,
    domain: Domain,
    findings: Findings,
) -> Transform | None:
    word = columns.transform
    if word is None:
        return None
    if word.name not in TRANSFORMS:
        findings.add(domain_errors.unknown_transform(word.name, tuple(TRANSFORMS), word.span))
        return None
    if not isinstance(domain, TRANSFORMS[word.name]):
        declared = statement.domain.span if statement.domain is not None else statement.span
        finding = domain_errors.transform_against_domain(
            word.name, name, str(domain), word.span, declared
        )
        findings.add(finding)
        return None
    if statement.recode is not None:
        findings.add(domain_errors.transform_of_recoded(word.name, word.span))
    return cast(Transform, word.name)


def _recode(
    entries: tuple[nodes.Entry, ...],
    statement: nodes.VariableDeclaration,
    name: str,
    domain: Domain,
    findings: Findings,
) -> Mapping[str, str]:
    result: dict[str, str] = {}
    first: dict[str, Span] = {}
    for entry in entries:
        if entry.key in first:
            findings.add(value_errors.key_twice(entry.key, entry.span, first[entry.key]))
            continue
        first[entry.key] = entry.span
        value = _recoded_value(entry.value)
        if value is None or not is_value_of(domain, value):
            shown = value if value is not None else entry.value.span.text
            finding = domain_errors.recode_outside(shown, name, str(domain), entry.value.span)
            findings.add(finding)
            continue
        result[entry.key] = value
    reached = {_canonical(domain, value) for value in result.values()}
    span = entries[0].span.to(entries[-1].span) if entries else statement.span
    if len(result) == len(entries):
        for level in levels_of(domain) or ():
            if level not in reached:
                findings.add(domain_errors.level_never_recoded(level, name, span))
    return MappingProxyType(result)


def _canonical(domain: Domain, value: str) -> str:
    return f"{float(value):g}" if isinstance(domain, Binary) else value


def _recoded_value(expression: nodes.Expression) -> str | None:
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


def is_value_of(domain: Domain, text: str) -> bool:
    """Whether a level's name or a number's text is a value of a domain."""
    if isinstance(domain, Categorical | Ordered):
        return text in domain.levels
    try:
        value = float(text)
    except ValueError:
        return False
    match domain:
        case Binary():
            return value in (0.0, 1.0)
        case Count():
            return value >= 0 and value == int(value) if abs(value) < 1e18 else False
        case Positive():
            return 0 < value < float("inf")
        case UnitInterval():
            return 0 < value < 1
        case Image():
            return False
        case _:
            return abs(value) < float("inf")
