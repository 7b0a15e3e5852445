import json
import re
import shutil
import subprocess

import graphviz
import networkx as nx
import pytest

from causaldsl.drawing import dot, picture
from causaldsl.drawing.dot import dot_layout, render_dot
from causaldsl.drawing.mermaid import render_mermaid
from causaldsl.drawing.picture import render
from causaldsl.drawing.scene import build_scene
from causaldsl.drawing.theme import DARK
from causaldsl.graph.surgery import mutilated, twin

PLAIN = """graph 1 2 4
node n0 1 3.5 1 0.5 "" solid box black lightgrey
node n1 1 0.5 1 0.5 "" solid box black lightgrey
edge n0 n1 4 1 3.25 1 2.5 1 1.5 1 0.75 solid black
stop
"""

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz's dot")


@pytest.fixture
def fake_dot(monkeypatch):
    """Pretend that dot is installed, and record what it is asked."""
    asked = []

    def pipe(self, **how):
        asked.append(self.source)
        return PLAIN

    monkeypatch.setattr(dot.shutil, "which", lambda name: "/usr/bin/dot")
    monkeypatch.setattr(graphviz.Source, "pipe", pipe)
    return asked


def test_dot_places_the_nodes_where_it_is_installed(fake_dot):
    layout = dot_layout(build_scene(nx.DiGraph([("a", "b")])))
    assert layout.centres == ((72.0, -252.0), (72.0, -36.0))
    (curve,) = layout.curves
    assert curve[0][0] == curve[-1][0] == 72.0
    assert len(fake_dot) == 1


def test_pictures_use_dot_by_default_where_there_is_one(fake_dot):
    assert render(nx.DiGraph([("a", "b")]), "svg")
    assert fake_dot


def test_dot_is_not_asked_when_told_not_to(fake_dot):
    assert render(nx.DiGraph([("a", "b")]), "svg", use_dot=False)
    assert not fake_dot


def test_dot_is_not_asked_for_very_large_graphs_or_twins(fake_dot):
    chain = nx.DiGraph([(f"v{i}", f"v{i + 1}") for i in range(300)])
    render(chain, "svg")
    render(nx.DiGraph([("a", "b")]), "svg", twin=True, do=["a"])
    assert not fake_dot


def test_dot_is_told_no_names(fake_dot, hostile):
    dot_layout(build_scene(hostile))
    assert not re.search(r"script|subgraph|comment|gr\u00f6\u00dfe", fake_dot[0])


def test_without_dot_the_embedded_layout_draws(monkeypatch, exoc):
    monkeypatch.setattr(dot.shutil, "which", lambda name: None)
    assert render(exoc, "svg") == render(exoc, "svg", use_dot=False)
    assert render(exoc, "svg", use_dot=True) == render(exoc, "svg", use_dot=False)


def test_a_failing_dot_falls_back_to_the_embedded_layout(monkeypatch, exoc):
    def pipe(self, **how):
        raise graphviz.CalledProcessError(1, ["dot"], output=b"", stderr=b"crash")

    monkeypatch.setattr(picture, "has_dot", lambda: True)
    monkeypatch.setattr(graphviz.Source, "pipe", pipe)
    assert render(exoc, "svg") == render(exoc, "svg", use_dot=False)


def test_an_answer_that_lacks_a_node_falls_back(fake_dot, exoc):
    assert dot_layout(build_scene(exoc)) is None
    assert render(exoc, "svg") == render(exoc, "svg", use_dot=False)


def test_dot_text_holds_roles_shapes_and_legend(exoc):
    text = render_dot(build_scene(exoc, "Figure 1b"))
    assert re.search(r'"S" \[.*shape=hexagon', text)
    assert re.search(r'"K" \[.*style="filled,dashed"', text)
    assert '"S\'" -> "S";' in text
    assert "auxiliary (unobserved)" in text
    assert "Figure 1b" in text


def test_dot_text_escapes_what_it_quotes(hostile):
    text = render_dot(build_scene(hostile))
    assert '"b\\\\"' in text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_dot_text_marks_interventions_worlds_and_confounding(exoc, front_door):
    assert "peripheries=2" in render_dot(build_scene(mutilated(exoc, "S")))
    both = render_dot(build_scene(twin(exoc, "S")))
    assert "cluster_factual" in both
    assert "cluster_counterfactual" in both
    assert re.search(r'"X" -> "Y" \[.*dir=both', render_dot(build_scene(front_door)))


def test_dot_text_follows_the_theme(exoc):
    assert DARK["ground"] in render(exoc, "dot", theme="dark").decode()


@needs_dot
@pytest.mark.parametrize("how", [{}, {"do": ["a"]}, {"twin": True}])
def test_graphviz_accepts_the_text(hostile, how):
    source = render(hostile, "dot", title='<b>"&', **how)
    subprocess.run(["dot", "-Tsvg"], input=source, capture_output=True, check=True)


@needs_dot
def test_graphviz_lays_out_what_we_draw(exoc, front_door):
    for graph in (exoc, front_door):
        scene = build_scene(graph)
        layout = dot_layout(scene)
        assert len(layout.curves) == len(scene.arrows)


def test_mermaid_draws_roles_by_bracket_and_class(exoc):
    lines = render_mermaid(build_scene(exoc)).splitlines()
    assert lines[0] == "flowchart TD"
    assert any(re.match(r'  n0\{\{"<b>S</b>.*"\}\}:::sensitive', line) for line in lines)
    assert "  n4 -.-> n1" in lines
    assert any(line.startswith("  classDef latent") and "dasharray" in line for line in lines)


def test_mermaid_has_a_legend_a_title_and_two_heads(front_door):
    title = 'a "title": x'
    text = render_mermaid(build_scene(front_door, title))
    assert text.startswith(f"---\ntitle: {json.dumps(title)}\n---\n")
    assert "<-.->" in text
    assert "subgraph legend" in text


def test_mermaid_lets_no_markup_through(hostile):
    for line in render_mermaid(build_scene(hostile)).splitlines():
        if line.startswith("  n"):
            inside = line.partition('"')[2].rpartition('"')[0]
            bare = re.sub(r"</?(b|small)>|<br/>|#\d+;", "", inside)
            assert not re.search(r'[<>"{}\[\]|;&%`#]', bare)


def test_mermaid_marks_interventions_and_worlds(exoc):
    assert "class n0 intervened" in render_mermaid(build_scene(mutilated(exoc, "S")))
    both = render_mermaid(build_scene(twin(exoc, "S")))
    assert "subgraph factual" in both
    assert "subgraph counterfactual" in both
