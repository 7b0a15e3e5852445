import random
from itertools import pairwise

import networkx as nx
import pytest

from causaldsl.graph.dag import (
    ancestors,
    build_dag,
    descendants,
    find_cycles,
    latents,
    thaw,
    topological_order,
)


def random_digraph(seed, size, probability):
    chance = random.Random(seed)
    graph = nx.DiGraph()
    graph.add_nodes_from("abcdefghij"[:size])
    graph.add_edges_from(
        (a, b) for a in graph for b in graph if a != b and chance.random() < probability
    )
    return graph


def canonical(cycle, place):
    body = list(cycle[:-1])
    first = min(range(len(body)), key=lambda index: place[body[index]])
    body = body[first:] + body[:first]
    return (*body, body[0])


def test_build_dag_keeps_declaration_order_and_attributes():
    graph = build_dag({"b": {"role": "outcome"}, "a": {"role": "latent"}}, [("a", "b")])
    assert list(graph) == ["b", "a"]
    assert graph.nodes["b"]["role"] == "outcome"


def test_build_dag_shares_no_state_with_its_arguments():
    attributes = {"a": {"role": "latent"}}
    graph = build_dag(attributes, [])
    attributes["a"]["role"] = "outcome"
    assert graph.nodes["a"]["role"] == "latent"


def test_built_graph_is_frozen():
    graph = build_dag({"a": {}}, [])
    with pytest.raises(nx.NetworkXError):
        graph.add_node("b")


def test_build_dag_refuses_a_cycle_and_prints_it():
    with pytest.raises(ValueError, match="a -> b -> a"):
        build_dag({"a": {}, "b": {}}, [("a", "b"), ("b", "a")])


def test_build_dag_refuses_an_edge_to_nowhere():
    with pytest.raises(ValueError, match="a -> z"):
        build_dag({"a": {}}, [("a", "z")])


def test_thawed_copy_shares_no_attributes():
    graph = build_dag({"a": {"role": "latent"}}, [])
    copy = thaw(graph)
    copy.nodes["a"]["role"] = "outcome"
    copy.add_node("b")
    assert graph.nodes["a"]["role"] == "latent"


def test_latents_are_the_nodes_marked_unobserved():
    graph = build_dag({"a": {"observed": False}, "b": {"observed": True}, "c": {}}, [])
    assert latents(graph) == {"a"}


def test_ancestors_and_descendants_include_the_names_themselves():
    graph = nx.DiGraph([("a", "b"), ("b", "c"), ("d", "c")])
    assert ancestors(graph, "b") == {"a", "b"}
    assert descendants(graph, ["b", "d"]) == {"b", "c", "d"}


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="q"):
        ancestors(nx.DiGraph([("a", "b")]), ["a", "q"])


def test_order_breaks_ties_by_declaration():
    graph = nx.DiGraph([("z", "m"), ("a", "m")])
    assert topological_order(graph, ["m", "z", "a"]) == ("z", "a", "m")
    assert topological_order(graph, ["a", "m", "z"]) == ("a", "z", "m")


def test_a_ready_variable_declared_early_overtakes():
    graph = nx.DiGraph([("a", "b")])
    graph.add_node("c")
    assert topological_order(graph, ["a", "b", "c"]) == ("a", "b", "c")


def test_order_refuses_cycles_and_incomplete_declarations():
    with pytest.raises(ValueError, match="cycle"):
        topological_order(nx.DiGraph([("a", "b"), ("b", "a")]))
    with pytest.raises(ValueError, match="leaves a node out"):
        topological_order(nx.DiGraph([("a", "b")]), ["a"])


@pytest.mark.parametrize("seed", range(20))
def test_order_puts_parents_first_on_random_dags(seed):
    chance = random.Random(seed)
    names = [f"v{index}" for index in range(30)]
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(
        (a, b) for i, a in enumerate(names) for b in names[i + 1 :] if chance.random() < 0.1
    )
    declared = chance.sample(names, 30)
    place = {name: index for index, name in enumerate(topological_order(graph, declared))}
    assert all(place[a] < place[b] for a, b in graph.edges)


@pytest.mark.parametrize("seed", range(30))
def test_all_cycles_of_small_graphs_are_found_shortest_first(seed):
    graph = random_digraph(seed, 6, 0.3)
    place = {name: index for index, name in enumerate(graph)}
    expected = {canonical((*cycle, cycle[0]), place) for cycle in nx.simple_cycles(graph)}
    found = find_cycles(graph, limit=10_000)
    assert set(found) == expected
    assert len(found) == len(expected)
    assert [len(cycle) for cycle in found] == sorted(len(cycle) for cycle in found)


def test_a_limit_still_shows_each_part_that_has_a_cycle():
    graph = nx.complete_graph(["a", "b", "c"], create_using=nx.DiGraph)
    graph.add_edges_from([("x", "y"), ("y", "z"), ("z", "w"), ("w", "x")])
    found = find_cycles(graph, limit=2)
    assert found == (("a", "b", "a"), ("x", "y", "z", "w", "x"))


def test_a_self_loop_is_a_cycle():
    assert find_cycles(nx.DiGraph([("a", "a")])) == (("a", "a"),)


def test_an_acyclic_graph_has_no_cycle():
    assert find_cycles(nx.DiGraph([("a", "b"), ("a", "c"), ("b", "c")])) == ()


def test_a_cycle_of_three_thousand_nodes_is_found():
    graph = nx.DiGraph([(f"v{i}", f"v{(i + 1) % 3000}") for i in range(3000)])
    (cycle,) = find_cycles(graph)
    assert len(cycle) == 3001
    assert all(graph.has_edge(a, b) for a, b in pairwise(cycle))


def test_a_dense_cyclic_graph_answers_within_its_bound():
    names = [f"v{i}" for i in range(300)]
    found = find_cycles(nx.complete_graph(names, create_using=nx.DiGraph), limit=5)
    assert found[0] == ("v0", "v1", "v0")
    assert len(found) == 5


def test_long_chains_need_no_recursion():
    graph = nx.DiGraph([(f"v{i}", f"v{i + 1}") for i in range(3000)])
    assert len(ancestors(graph, "v3000")) == 3001
    assert topological_order(graph)[-1] == "v3000"
    assert find_cycles(graph) == ()
