import itertools
import math

import networkx as nx
import pytest

from causaldsl.drawing.layout import layered_layout
from causaldsl.drawing.routing import node_outline
from causaldsl.drawing.scene import build_scene
from causaldsl.drawing.shapes import cubic, flattened, height_at
from causaldsl.graph.surgery import mutilated, twin


def samples(curve, pieces=24):
    for start in range(0, len(curve) - 1, 3):
        for step in range(pieces + 1):
            yield cubic(curve[start : start + 4], step / pieces)


def boxes(scene, layout):
    return [
        (x - n.width / 2, y - n.height / 2, x + n.width / 2, y + n.height / 2)
        for n, (x, y) in zip(scene.nodes, layout.centres, strict=True)
    ]


def assert_tidy(graph):
    scene = build_scene(graph)
    layout = layered_layout(scene)
    places = boxes(scene, layout)
    for a, b in itertools.combinations(places, 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, "two nodes overlap"
    for arrow, curve in zip(scene.arrows, layout.curves, strict=True):
        for x, y in samples(curve):
            for index, (left, top, right, bottom) in enumerate(places):
                if index not in (arrow.tail, arrow.head):
                    inside = left < x < right and top < y < bottom
                    assert not inside, "an arrow runs through a node"
    return scene, layout


@pytest.mark.parametrize("seed", range(25))
def test_random_graphs_are_drawn_without_overlaps(seed, random_graph_of):
    assert_tidy(random_graph_of(seed))


@pytest.mark.parametrize("seed", range(5))
def test_denser_graphs_are_drawn_without_overlaps(seed, random_graph_of):
    assert_tidy(random_graph_of(seed, size=30, probability=0.15))


@pytest.mark.parametrize("seed", range(10))
def test_twin_networks_are_drawn_without_overlaps(seed, random_graph_of):
    graph = random_graph_of(seed, size=12, probability=0.2)
    assert_tidy(twin(graph, ["v1", "v4"]))


def test_causes_stand_above_their_effects(exoc):
    scene, layout = assert_tidy(exoc)
    for arrow in scene.arrows:
        assert layout.centres[arrow.tail][1] < layout.centres[arrow.head][1]


def test_arrows_touch_the_outlines_of_their_ends(random_graph_of):
    scene, layout = assert_tidy(random_graph_of(3))
    for arrow, curve in zip(scene.arrows, layout.curves, strict=True):
        for node, (x, y) in ((arrow.tail, curve[0]), (arrow.head, curve[-1])):
            shape = flattened(node_outline(scene.nodes[node], layout.centres[node]))
            tops = [height_at(shape, x, side) for side in (-1, 1)]
            assert min(abs(y - top) for top in tops) < 1e-6


def test_arrow_heads_at_one_node_keep_apart(exoc):
    scene, layout = assert_tidy(exoc)
    tips = {}
    for arrow, curve in zip(scene.arrows, layout.curves, strict=True):
        tips.setdefault(arrow.head, []).append(curve[-1])
    for ends in tips.values():
        assert all(math.dist(a, b) > 6 for a, b in itertools.combinations(ends, 2))


def test_a_stand_in_becomes_an_arrow_with_two_heads(front_door):
    scene = build_scene(front_door)
    assert [node.name for node in scene.nodes] == ["X", "M", "Y"]
    (dashed,) = [arrow for arrow in scene.arrows if arrow.both]
    assert (scene.nodes[dashed.tail].name, scene.nodes[dashed.head].name) == ("X", "Y")


def test_an_intervention_takes_the_dashed_arrow_away(front_door):
    scene = build_scene(mutilated(front_door, "X"))
    assert not any(arrow.both for arrow in scene.arrows)
    assert [node.name for node in scene.nodes if node.intervened] == ["X"]


def test_a_stand_in_of_more_than_two_is_a_node(front_door):
    scene = build_scene(twin(front_door, "X"))
    assert "X \u2194 Y" in [node.shown_name for node in scene.nodes]


def test_an_arrow_and_a_dashed_arrow_between_two_nodes_part(graph_of):
    nodes = [("X", "sensitive", "binary", None), ("Y", "outcome", "binary", None)]
    _, layout = assert_tidy(graph_of(nodes, [("X", "Y")], [("X", "Y")]))
    middles = [
        min(samples(curve), key=lambda p: abs(p[1] - sum(c[1] for c in layout.centres) / 2))
        for curve in layout.curves
    ]
    assert abs(middles[0][0] - middles[1][0]) > 15


def test_unrelated_confounded_nodes_are_joined_by_an_arch(graph_of):
    nodes = [(n, "observed", None, None) for n in "ABC"]
    scene, layout = assert_tidy(graph_of(nodes, [("A", "C"), ("B", "C")], [("A", "B")]))
    (index,) = [i for i, arrow in enumerate(scene.arrows) if arrow.both]
    top = min(y for _, y in samples(layout.curves[index]))
    assert top < min(y for _, y in layout.centres) - 20


def test_worlds_stand_opposite_with_what_they_share_between(exoc):
    scene, layout = assert_tidy(twin(exoc, "S"))
    place = {n.name: c for n, c in zip(scene.nodes, layout.centres, strict=True)}
    for name in ("S", "G", "L"):
        assert place[name][0] == pytest.approx(-place[f"{name}*"][0])
        assert place[name][1] == place[f"{name}*"][1]
        assert place[name][0] < 0
    factual, shared, counterfactual = layout.panels
    assert factual.right < shared.left <= shared.right < counterfactual.left
    assert shared.left < place["G__noise"][0] < shared.right


def test_a_twin_without_anything_shared_is_drawn(graph_of):
    graph = graph_of([("A", "sensitive", None, None)], [])
    _, layout = assert_tidy(twin(graph, "A"))
    assert [panel.world for panel in layout.panels] == ["factual", "counterfactual"]


def test_unconnected_parts_stand_side_by_side(graph_of):
    nodes = [(n, "observed", None, None) for n in "abcd"]
    _, layout = assert_tidy(graph_of(nodes, [("a", "b"), ("c", "d")]))
    assert layout.centres[0][1] == layout.centres[2][1]


def test_an_empty_graph_has_an_empty_layout():
    assert layered_layout(build_scene(nx.DiGraph())).centres == ()


@pytest.mark.parametrize("kind", ["chain", "star", "isolated", "complete"])
def test_large_graphs_are_laid_out(kind):
    graph = nx.DiGraph()
    sizes = {"chain": 2000, "star": 800, "isolated": 2000, "complete": 30}
    names = [f"v{index}" for index in range(sizes[kind])]
    graph.add_nodes_from(names)
    if kind == "chain":
        graph.add_edges_from(itertools.pairwise(names))
    elif kind == "star":
        graph.add_edges_from((names[0], name) for name in names[1:])
    elif kind == "complete":
        graph.add_edges_from(itertools.combinations(names, 2))
    layout = layered_layout(build_scene(graph))
    assert len(layout.centres) == len(names)
    assert len(layout.curves) == graph.number_of_edges()


def test_beyond_the_bound_long_arrows_are_drawn_directly(monkeypatch, exoc):
    monkeypatch.setattr("causaldsl.drawing.grid._MOST_BENDS", 1)
    layout = layered_layout(build_scene(exoc))
    assert all(len(curve) >= 4 for curve in layout.curves)
