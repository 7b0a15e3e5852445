import random
from itertools import chain, combinations

import networkx as nx
import numpy as np
import pytest

from causaldsl.graph.adjustment import back_door_sets, front_door, instruments, is_valid_adjustment
from causaldsl.graph.dag import descendants
from causaldsl.graph.separation import d_separated
from causaldsl.graph.surgery import without_outgoing


def confounded(edges, pairs):
    graph = nx.DiGraph(edges)
    for index, (a, b) in enumerate(pairs):
        graph.add_node(f"U{index}", observed=False)
        graph.add_edges_from([(f"U{index}", a), (f"U{index}", b)])
    return graph


def random_dag(seed, size=6, probability=0.45):
    chance = random.Random(seed)
    names = [f"v{index}" for index in range(size)]
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from((a, b) for a, b in combinations(names, 2) if chance.random() < probability)
    return graph


def subsets(names):
    return chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))


def regression_and_effect(graph, x, y, zs, seed):
    """Coefficient of x when y is regressed on x and zs, and the total effect, in a linear SCM."""
    names = list(nx.topological_sort(graph))
    place = {name: index for index, name in enumerate(names)}
    draw = np.random.default_rng(seed)
    weights = np.zeros((len(names), len(names)))
    for tail, head in graph.edges:
        weights[place[head], place[tail]] = draw.uniform(0.5, 1.5) * draw.choice([-1, 1])
    total = np.linalg.inv(np.eye(len(names)) - weights)
    covariance = total @ np.diag(draw.uniform(0.5, 2.0, len(names))) @ total.T
    inputs = [place[x], *(place[z] for z in zs)]
    solved = np.linalg.solve(covariance[np.ix_(inputs, inputs)], covariance[inputs, place[y]])
    return solved[0], total[place[y], place[x]]


@pytest.mark.parametrize("seed", range(40))
def test_adjustment_is_valid_exactly_when_linear_models_say_so(seed):
    graph = random_dag(seed)
    x, y = "v1", "v4"
    for zs in subsets([name for name in graph if name not in (x, y)]):
        pairs = [regression_and_effect(graph, x, y, zs, draw) for draw in range(3)]
        equal = all(abs(found - truth) < 1e-9 for found, truth in pairs)
        assert is_valid_adjustment(graph, x, y, zs) == equal, zs


@pytest.mark.parametrize("seed", range(30))
def test_back_door_sets_are_all_minimal_ones(seed):
    graph = random_dag(seed, size=7)
    x, y = "v2", "v5"
    cut = without_outgoing(graph, x)
    others = [name for name in graph if name not in descendants(graph, x) | {y}]
    blocking = [set(zs) for zs in subsets(others) if d_separated(cut, x, y, zs)]
    minimal = {frozenset(zs) for zs in blocking if not any(other < zs for other in blocking)}
    found = back_door_sets(graph, x, y, limit=1000)
    if x not in nx.ancestors(graph, y):
        minimal = {zs for zs in minimal if not zs & descendants(graph, y)}
    assert {frozenset(zs) for zs in found} >= minimal
    assert all(frozenset(zs) in map(frozenset, blocking) for zs in found)


def test_the_m_graph_needs_nothing():
    graph = nx.DiGraph([("a", "x"), ("a", "m"), ("b", "m"), ("b", "y"), ("x", "y")])
    assert back_door_sets(graph, "x", "y") == ((),)
    assert not is_valid_adjustment(graph, "x", "y", "m")
    assert is_valid_adjustment(graph, "x", "y", ["m", "a"])


def test_a_latent_confounder_leaves_no_back_door_set():
    graph = confounded([("x", "y")], [("x", "y")])
    assert back_door_sets(graph, "x", "y") == ()
    assert not is_valid_adjustment(graph, "x", "y", "U0")


def test_two_routes_give_two_sets():
    graph = nx.DiGraph([("c", "d"), ("d", "x"), ("c", "y"), ("x", "y")])
    assert back_door_sets(graph, "x", "y") == (("c",), ("d",))


def test_the_limit_counts_sets():
    graph = nx.DiGraph([("c", "d"), ("d", "x"), ("c", "y"), ("x", "y")])
    assert back_door_sets(graph, "x", "y", limit=1) == (("c",),)


def test_many_confounders_give_one_set_by_elimination():
    edges = [("x", "y")]
    for index in range(30):
        edges += [(f"c{index}", "x"), (f"c{index}", "y")]
    (chosen,) = back_door_sets(nx.DiGraph(edges), "x", "y")
    assert set(chosen) == {f"c{index}" for index in range(30)}


def test_two_treatments_are_adjusted_together():
    graph = nx.DiGraph([("c", "a"), ("c", "b"), ("c", "y"), ("a", "y"), ("b", "y")])
    assert back_door_sets(graph, ["a", "b"], "y") == (("c",),)


def test_overlapping_treatment_and_outcome_are_refused():
    with pytest.raises(ValueError, match="overlap"):
        back_door_sets(nx.DiGraph([("a", "b")]), "a", ["a", "b"])
    with pytest.raises(ValueError, match="overlap"):
        is_valid_adjustment(nx.DiGraph([("a", "b")]), "a", "a", ())


def test_the_front_door_is_found():
    graph = confounded([("x", "m"), ("m", "y")], [("x", "y")])
    assert front_door(graph, "x", "y") == ("m",)


def test_two_mediators_stand_in_the_front_door_together():
    graph = confounded([("x", "m"), ("x", "n"), ("m", "y"), ("n", "y")], [("x", "y")])
    assert front_door(graph, "x", "y") == ("m", "n")


def test_a_confounded_mediator_is_no_front_door():
    graph = confounded([("x", "m"), ("m", "y")], [("x", "y"), ("m", "y")])
    assert front_door(graph, "x", "y") is None


def test_a_direct_arrow_closes_the_front_door():
    graph = confounded([("x", "m"), ("m", "y"), ("x", "y")], [("x", "y")])
    assert front_door(graph, "x", "y") is None


def test_the_front_door_may_hold_a_covariate_of_the_mediator():
    graph = confounded([("x", "m"), ("m", "y"), ("w", "m"), ("w", "y")], [("x", "y")])
    assert front_door(graph, "x", "y") == ("m", "w")


def test_the_instrument_is_found():
    graph = confounded([("z", "x"), ("x", "y")], [("x", "y")])
    assert instruments(graph, "x", "y") == (("z", ()),)


def test_an_instrument_may_need_a_covariate():
    graph = confounded([("w", "z"), ("w", "y"), ("z", "x"), ("x", "y")], [("x", "y")])
    assert ("z", ("w",)) in instruments(graph, "x", "y")


def test_a_direct_cause_of_the_outcome_is_no_instrument():
    graph = confounded([("z", "x"), ("z", "y"), ("x", "y")], [("x", "y")])
    assert instruments(graph, "x", "y") == ()


def test_an_unrelated_variable_is_no_instrument():
    graph = confounded([("x", "y")], [("x", "y")])
    graph.add_node("z")
    assert instruments(graph, "x", "y") == ()
