"""Declared names: each once, none of the language's own words, none that looks generated."""

from __future__ import annotations

from collections.abc import Iterator

from causaldsl.semantics import name_errors
from causaldsl.semantics.scope import Findings, Names, Symbol, SymbolKind
from causaldsl.source import SourceFile, Span
from causaldsl.syntax import nodes

#: Words that no variable, group, param or parameter may be called.
RESERVED = frozenset(
    (
        *("scm", "param", "sensitive", "observed", "outcome", "latent", "auxiliary", "control"),
        *("group", "missing", "learn", "prior", "guide", "coupling", "loss", "train", "predict"),
        *("query", "assert", "not", "from", "as", "by", "else", "along", "E", "P", "Q"),
        *("parents", "auto", "per_row", "sampled", "true", "false"),
    )
)


def check_names(program: nodes.Program, source: SourceFile, findings: Findings) -> Names:
    """Return the declared names of a program, each with its first declaration."""
    _check_outline(program, source, findings)
    symbols: dict[str, Symbol] = {}
    for name, kind in _declarations(program):
        _check_spelling(name, findings)
        first = symbols.get(name.name)
        if first is None:
            symbols[name.name] = Symbol(name=name.name, kind=kind, span=name.span)
        else:
            word = name_errors.KIND_WORDS[kind]
            findings.add(name_errors.declared_twice(name.name, word, name.span, first.span))
    return Names(program=program, symbols=symbols)


def header_of(program: nodes.Program) -> nodes.Header | None:
    """Return the first header of a program."""
    return next((s for s in program.statements if isinstance(s, nodes.Header)), None)


def _declarations(program: nodes.Program) -> Iterator[tuple[nodes.Name, SymbolKind]]:
    for statement in program.statements:
        match statement:
            case nodes.Param():
                yield statement.name, "param"
            case nodes.VariableDeclaration():
                yield from ((declared.name, "variable") for declared in statement.names)
            case nodes.GroupDeclaration():
                yield statement.name, "group"
            case nodes.Learn() | nodes.Prior():
                yield from ((declared.name, "parameter") for declared in statement.names)
            case _:
                pass


def _check_spelling(name: nodes.Name, findings: Findings) -> None:
    if name.name in RESERVED:
        findings.add(name_errors.reserved_word(name.name, name.span), name.name)


def _check_outline(program: nodes.Program, source: SourceFile, findings: Findings) -> None:
    statements = program.statements
    _check_header(statements, source, findings)
    _check_stated_once(program, findings)
    _check_loss_and_query_names(program, findings)


def _check_header(
    statements: tuple[nodes.Statement, ...], source: SourceFile, findings: Findings
) -> None:
    headers = [s for s in statements if isinstance(s, nodes.Header)]
    if not headers:
        findings.add(name_errors.no_header(source))
        return
    first = headers[0]
    if statements[0] is not first:
        findings.add(name_errors.header_not_first(first.span, statements[0].span))
    for other in headers[1:]:
        findings.add(name_errors.second_header(other.span, first.span))


def _check_stated_once(program: nodes.Program, findings: Findings) -> None:
    first: dict[str, Span] = {}
    for statement in program.statements:
        match statement:
            case nodes.MissingPolicy():
                word = "missing"
            case nodes.Guide(targets=()):
                word = "guide"
            case nodes.CouplingStatement(targets=()):
                word = "coupling"
            case _:
                continue
        if word in first:
            findings.add(name_errors.statement_twice(word, statement.span, first[word]))
        first.setdefault(word, statement.span)


def _check_loss_and_query_names(program: nodes.Program, findings: Findings) -> None:
    first: dict[tuple[str, str], Span] = {}
    for statement in program.statements:
        if not isinstance(statement, nodes.LossStatement | nodes.QueryStatement):
            continue
        if statement.name is None:
            continue
        kind = "a loss" if isinstance(statement, nodes.LossStatement) else "a query"
        name, span = statement.name.name, statement.name.span
        if (kind, name) in first:
            findings.add(name_errors.declared_twice(name, kind, span, first[kind, name]))
        first.setdefault((kind, name), span)
