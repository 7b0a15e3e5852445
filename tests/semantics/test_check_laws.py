"""Laws of checking: order of statements, determinism, no crash on damaged models."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causaldsl.semantics.check import check
from causaldsl.semantics.model import Scm
from causaldsl.source import SourceFile
from causaldsl.syntax import nodes
from causaldsl.syntax.parser import parse

ROOT = Path(__file__).parents[2]
PAPERS = sorted((ROOT / "tests" / "golden" / "check" / "papers").glob("*.scm"))
SHIPPED = sorted((ROOT / "models").rglob("*.scm"))
SOUND = [path for path in PAPERS if path.stem != "recanting"]
TOKEN = re.compile(r"[\w']+|\"[^\"]*\"|<->|->|<-|:=|[^\s\w]")


def read(path: Path) -> SourceFile:
    return SourceFile(path=path.name, text=path.read_text(encoding="utf-8"))


def program_of(source: SourceFile) -> nodes.Program:
    program, syntax = parse(source)
    assert not syntax
    assert program is not None
    return program


def without_order(scm: Scm) -> dict[str, object]:
    """Return what a model says, with everything that has a name keyed by it."""
    return {
        "variables": dict(scm.variables),
        "groups": dict(scm.groups),
        "hyper": dict(scm.hyper),
        "parameters": dict(scm.parameters),
        "edges": set(scm.graph.edges),
        "guides": dict(scm.guides),
        "losses": {loss.name: loss for loss in scm.losses},
        "training": dict(scm.training.settings),
        "queries": {query.name: query for query in scm.queries},
        "predictions": set(scm.predictions),
        "claims": sorted(map(str, scm.claims)),
    }


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_model_has_no_findings(path: Path) -> None:
    source = read(path)
    scm, diagnostics = check(program_of(source), source)
    assert scm is not None
    assert diagnostics == ()


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_shuffled_statements_mean_the_same(path: Path) -> None:
    """Arrows keep their order among themselves: it is the order of the parents."""
    source = read(path)
    program = program_of(source)
    before, _ = check(program, source)
    header, *rest = program.statements
    ordered = [s for s in rest if isinstance(s, nodes.Arrows | nodes.Param)]
    others = [s for s in rest if not isinstance(s, nodes.Arrows | nodes.Param)]
    shuffler = random.Random(path.stem)
    for _ in range(3):
        shuffler.shuffle(others)
        places = sorted(shuffler.sample(range(len(rest)), len(ordered)))
        shuffled = list(others)
        for place, statement in zip(places, ordered, strict=True):
            shuffled.insert(place, statement)
        after, diagnostics = check(replace(program, statements=(header, *shuffled)), source)
        assert after is not None, diagnostics
        assert before is not None
        assert without_order(after) == without_order(before)


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_variables_stand_in_topological_order(path: Path) -> None:
    source = read(path)
    scm, _ = check(program_of(source), source)
    assert scm is not None
    place = {name: index for index, name in enumerate(scm.variables)}
    assert all(place[tail] < place[head] for tail, head in scm.graph.edges)
    assert all(set(v.parents) == set(scm.graph.predecessors(n)) for n, v in scm.variables.items())


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False))
def test_damaged_model_gives_findings_and_no_crash(rng: random.Random) -> None:
    texts = [path.read_text(encoding="utf-8") for path in PAPERS]
    lines = rng.choice(texts).split("\n")
    for _ in range(rng.randint(1, 4)):
        index = rng.randrange(len(lines))
        words = TOKEN.findall(lines[index])
        other = TOKEN.findall(rng.choice(texts))
        if words:
            words[rng.randrange(len(words))] = rng.choice(other)
        lines[index] = " ".join(words)
    source = SourceFile(path="damaged.scm", text="\n".join(lines))
    program, _ = parse(source)
    if program is None:
        return
    scm, diagnostics = check(program, source)
    assert (scm is None) == any(d.severity == "error" for d in diagnostics)
    assert all(d.span is not None for d in diagnostics)


def test_large_model_is_checked_with_every_finding() -> None:
    lines = ["scm large", "sensitive S : {A, B}"]
    lines += [f"observed v{i} : real" for i in range(2000)]
    lines += ["S -> v0"] + [f"v{i} -> v{i + 1}" for i in range(1999)]
    lines += [f"v{i} ~ Normal(2 * w{i}, 1)" for i in range(1, 2000, 100)]
    source = SourceFile(path="large.scm", text="\n".join(lines))
    scm, diagnostics = check(program_of(source), source)
    assert scm is None
    assert [d.code for d in diagnostics] == ["CD102"] * 20


def test_finding_names_the_declaration_that_was_meant() -> None:
    text = "scm m\nsensitive race : binary\noutcome Y : real\nrace -> Y\nY ~ Normal(raec, 1)\n"
    source = SourceFile(path="m.scm", text=text)
    _, diagnostics = check(program_of(source), source)
    (finding,) = diagnostics
    primary, second = finding.labels
    assert (primary.span.text, primary.span.line) == ("raec", 5)
    assert (second.span.text, second.span.line, second.text) == ("race", 2, "declared here")
    assert finding.hint == "did you mean `race`?"


def test_cycle_has_a_label_at_each_of_its_arrows() -> None:
    text = "scm m\nobserved A, B, C : real\nA -> B\nB -> C\nC -> A\n"
    source = SourceFile(path="m.scm", text=text)
    _, diagnostics = check(program_of(source), source)
    (finding,) = diagnostics
    assert "`A -> B -> C -> A`" in finding.message
    assert [label.span.line for label in finding.labels] == [3, 4, 5]


def test_name_is_reported_once_however_often_it_is_used() -> None:
    text = (
        "scm m\nsensitive S : binary\noutcome Y, Z : real\nS -> Y, Z\n"
        "Y ~ Normal(q1 * S + q1, 1)\nZ ~ Normal(q1 * S, q1)\n"
    )
    source = SourceFile(path="m.scm", text=text)
    _, diagnostics = check(program_of(source), source)
    assert [d.code for d in diagnostics] == ["CD102"]
