import random

import networkx as nx
import pytest

from causaldsl.graph.separation import d_connected, d_separated, markov_blanket


def random_dag(chance, size, probability):
    names = [f"v{index}" for index in range(size)]
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(
        (a, b) for i, a in enumerate(names) for b in names[i + 1 :] if chance.random() < probability
    )
    return graph


@pytest.mark.parametrize("seed", range(200))
def test_agrees_with_networkx_on_random_dags(seed):
    chance = random.Random(seed)
    graph = random_dag(chance, chance.randint(3, 12), chance.uniform(0.1, 0.5))
    names = list(graph)
    chance.shuffle(names)
    a, b = chance.randint(1, 2), chance.randint(0, 4)
    xs, ys, zs = set(names[:1]), set(names[1 : 1 + a]), set(names[1 + a : 1 + a + b])
    assert d_separated(graph, xs, ys, zs) == nx.is_d_separator(graph, xs, ys, zs)


def test_a_collider_opens_by_its_descendant():
    graph = nx.DiGraph([("a", "c"), ("b", "c"), ("c", "d")])
    assert d_separated(graph, "a", "b")
    assert not d_separated(graph, "a", "b", "c")
    assert not d_separated(graph, "a", "b", {"d"})


def test_known_names_separate_from_nothing():
    graph = nx.DiGraph([("a", "b")])
    assert d_separated(graph, "a", "b", "b")
    assert d_separated(graph, [], "b")


def test_a_name_on_both_sides_is_refused():
    with pytest.raises(ValueError, match="both sides"):
        d_separated(nx.DiGraph([("a", "b")]), ["a", "b"], "b")


def test_d_connected_contains_its_start():
    graph = nx.DiGraph([("a", "b"), ("c", "b")])
    assert d_connected(graph, ["a"]) == {"a", "b"}


def test_the_markov_blanket_separates_from_the_rest():
    for seed in range(30):
        graph = random_dag(random.Random(seed), 10, 0.25)
        blanket = markov_blanket(graph, "v4")
        rest = set(graph) - set(blanket) - {"v4"}
        assert d_separated(graph, "v4", rest, blanket)


def test_the_markov_blanket_is_smallest():
    graph = random_dag(random.Random(1), 10, 0.3)
    blanket = set(markov_blanket(graph, "v4"))
    for name in blanket:
        rest = set(graph) - blanket - {"v4"} | {name}
        assert not d_separated(graph, "v4", rest, blanket - {name})


def test_a_chain_of_three_thousand_needs_no_recursion():
    graph = nx.DiGraph([(f"v{i}", f"v{i + 1}") for i in range(3000)])
    assert not d_separated(graph, "v0", "v3000")
    assert d_separated(graph, "v0", "v3000", "v1500")
