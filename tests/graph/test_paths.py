import random
from itertools import chain, combinations

import networkx as nx
import pytest

from causaldsl.graph.paths import directed_paths, has_path, recanting_witness, unfair_paths

RECANTING = nx.DiGraph([("A", "Z"), ("A", "Y"), ("Z", "W"), ("Z", "Y"), ("W", "Y")])


def test_has_path_needs_at_least_one_arrow():
    graph = nx.DiGraph([("a", "b"), ("b", "c")])
    assert has_path(graph, "a", "c")
    assert not has_path(graph, "c", "a")
    assert not has_path(graph, "a", "a")


@pytest.mark.parametrize("seed", range(20))
def test_directed_paths_are_all_simple_paths(seed):
    chance = random.Random(seed)
    names = [f"v{i}" for i in range(8)]
    graph = nx.DiGraph([(a, b) for a, b in combinations(names, 2) if chance.random() < 0.4])
    graph.add_nodes_from(names)
    expected = {tuple(p) for p in nx.all_simple_paths(graph, "v0", "v7")}
    found = directed_paths(graph, "v0", "v7")
    assert set(found) == expected
    assert len(found) == len(expected)
    assert [len(p) for p in found] == sorted(len(p) for p in found)


def test_directed_paths_stop_at_their_limit():
    names = [f"v{i:02}" for i in range(40)]
    graph = nx.DiGraph(combinations(names, 2))  # 2 ** 38 paths
    assert len(directed_paths(graph, "v00", "v39", limit=7)) == 7


def test_directed_paths_waste_no_time_on_dead_ends():
    names = [f"v{i:02}" for i in range(40)]
    graph = nx.DiGraph(combinations(names, 2))
    graph.add_edge("v00", "y")
    assert directed_paths(graph, "v00", "y") == (("v00", "y"),)


def test_paths_may_avoid_names():
    assert directed_paths(RECANTING, "A", "Y", without="Z") == (("A", "Y"),)


def test_resolving_variables_excuse_the_paths_through_them():
    assert len(unfair_paths(RECANTING, "A", "Y")) == 3
    assert unfair_paths(RECANTING, "A", "Y", fair="Z") == (("A", "Y"),)


def test_unfair_paths_are_proper():
    graph = nx.DiGraph([("s1", "s2"), ("s2", "y")])
    assert unfair_paths(graph, ["s1", "s2"], "y") == (("s2", "y"),)


def test_the_textbook_witness_is_named():
    assert recanting_witness(RECANTING, [("A", "Z", "W", "Y")]) == ("Z",)


@pytest.mark.parametrize(
    "paths",
    [
        [("A", "Y")],
        [("A", "Z", "Y"), ("A", "Z", "W", "Y")],
        [("A", "Y"), ("A", "Z", "Y"), ("A", "Z", "W", "Y")],
    ],
)
def test_sets_of_first_arrows_have_no_witness(paths):
    assert recanting_witness(RECANTING, paths) == ()


def test_a_dead_end_makes_no_witness():
    graph = nx.DiGraph([("a", "m"), ("m", "y"), ("m", "aside")])
    assert recanting_witness(graph, [("a", "m", "y")]) == ()


def test_paths_through_another_treatment_do_not_count():
    graph = nx.DiGraph([("a", "m"), ("m", "b"), ("b", "y"), ("m", "y")])
    assert recanting_witness(graph, [("a", "m", "y"), ("b", "y")]) == ()
    assert recanting_witness(graph, [("a", "m", "y")]) == ("m",)


def test_a_path_that_is_no_path_is_refused():
    with pytest.raises(ValueError, match="Y -> A"):
        recanting_witness(RECANTING, [("Y", "A")])
    with pytest.raises(ValueError, match="two nodes"):
        recanting_witness(RECANTING, [("Y",)])


@pytest.mark.parametrize("seed", range(15))
def test_no_witness_exactly_when_first_arrows_decide(seed):
    chance = random.Random(seed)
    names = [f"v{i}" for i in range(5)]
    graph = nx.DiGraph([(a, b) for a, b in combinations(names, 2) if chance.random() < 0.7])
    graph.add_nodes_from(names)
    every = [tuple(p) for p in nx.all_simple_paths(graph, "v0", "v4")]
    subsets = chain.from_iterable(combinations(every, k) for k in range(1, len(every) + 1))
    for selected in subsets:
        chosen = {path[1] for path in selected}
        others = {path[1] for path in every if path not in selected}
        assert (recanting_witness(graph, selected) == ()) == (not chosen & others)
