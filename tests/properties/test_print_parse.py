"""Printing and parsing undo each other."""

from __future__ import annotations

import dataclasses

from hypothesis import HealthCheck, given, seed, settings
from strategies import assignments, expressions, programs, statements

from causaldsl.source import SourceFile
from causaldsl.syntax import nodes
from causaldsl.syntax.parser import parse, parse_do, parse_expression
from causaldsl.syntax.printer import print_assignment, print_expression, print_program

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
MORE = settings(QUICK, max_examples=200)


def _read(text: str) -> nodes.Program:
    program, problems = parse(SourceFile(path="printed.scm", text=text))
    assert program is not None
    assert [p for p in problems if p.code != "CD008"] == []
    return program


@QUICK
@given(programs())
def test_parsing_a_printed_program_gives_it_back(program):
    assert _read(print_program(program)) == program


@QUICK
@given(programs())
def test_printing_twice_changes_nothing(program):
    text = print_program(program)
    assert print_program(_read(text)) == text


@MORE
@given(statements)
def test_each_statement_survives_on_its_own(statement):
    program = nodes.Program(statements=(statement,), span=statement.span)
    assert _read(print_program(program)) == program


@MORE
@given(expressions)
def test_parsing_a_printed_expression_gives_it_back(expression):
    again, problems = parse_expression(print_expression(expression))
    assert problems == ()
    assert again == expression


@MORE
@given(assignments)
def test_parsing_a_printed_intervention_gives_it_back(assignment):
    again, problems = parse_do(print_assignment(assignment))
    assert problems == ()
    assert again == assignment


@QUICK
@given(programs())
def test_carriage_returns_before_line_breaks_change_nothing(program):
    assert _read(print_program(program).replace("\n", "\r\n")) == program


def test_the_strategies_draw_every_kind_of_node():
    wanted = {
        kind
        for kind in vars(nodes).values()
        if isinstance(kind, type) and issubclass(kind, nodes.Node) and not kind.__subclasses__()
    }
    drawn: set[type] = set()

    for number in range(8):  # what is drawn depends on the modules that are loaded too

        @seed(number)
        @settings(max_examples=100, deadline=None, database=None)
        @given(programs())
        def collect(program):
            _collect(program, drawn)

        collect()
        if wanted <= drawn:
            break
    assert wanted - drawn == set()


def _collect(node: object, drawn: set[type]) -> None:
    if isinstance(node, tuple):
        for item in node:
            _collect(item, drawn)
    elif isinstance(node, nodes.Node):
        drawn.add(type(node))
        for field in dataclasses.fields(node):
            if field.name not in ("span", "name_span"):
                _collect(getattr(node, field.name), drawn)
