"""Collecting the findings of a stage."""

from __future__ import annotations

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.collect import Collector
from causaldsl.diagnostics.model import Label
from causaldsl.source import SourceFile, Span

SOURCE = SourceFile(path="m.scm", text="a -> b")


def _at(start, code="CD020"):
    return diagnostic(code, "wrong", Label(span=Span(file=SOURCE, start=start, end=start + 1)))


def test_findings_come_out_down_the_text():
    found = Collector()
    found.extend([_at(3), _at(1), diagnostic("CD001", "gone")])
    starts = [d.span.start if d.span else None for d in found.diagnostics]
    assert starts == [None, 1, 3]


def test_the_same_finding_is_kept_once():
    found = Collector()
    found.extend([_at(1), _at(1)])
    assert len(found.diagnostics) == 1


def test_a_key_is_reported_once():
    found = Collector()
    found.once("x", _at(1))
    found.once("x", _at(2))
    assert [d.span.start for d in found.diagnostics] == [1]
    assert found.reported("x")
    assert not found.reported("y")


def test_warnings_are_no_errors():
    found = Collector()
    found.add(diagnostic("CD111", "never used"))
    assert not found.has_errors
    found.add(_at(0))
    assert found.has_errors
