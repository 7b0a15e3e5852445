import random
from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from causaldsl.graph.adjustment import back_door_sets, front_door
from causaldsl.graph.hedge import is_identified, latent_projection


def admg(edges, pairs=()):
    graph = nx.DiGraph()
    graph.add_edges_from(edges)
    for index, pair in enumerate(pairs):
        graph.add_node(f"U{index}", observed=False)
        graph.add_edges_from((f"U{index}", name) for name in pair)
    return graph


NAPKIN = admg([("w", "r"), ("r", "x"), ("x", "y")], [("w", "x"), ("w", "y")])
FRONT_DOOR = admg([("x", "m"), ("m", "y")], [("x", "y")])
BOW = admg([("x", "y")], [("x", "y")])
INSTRUMENT = admg([("z", "x"), ("x", "y")], [("x", "y")])
IDENTIFIED = {
    "back door": admg([("c", "x"), ("c", "y"), ("x", "y")]),
    "front door": FRONT_DOOR,
    "napkin": NAPKIN,
    "two mediators": admg([("x", "m"), ("m", "n"), ("n", "y")], [("x", "n"), ("x", "y")]),
    "mediator with a confounded cause": admg(
        [("x", "z"), ("z", "y"), ("w", "z")], [("x", "w"), ("x", "y")]
    ),
    "four confounders of one chain": admg(
        [("x", "a"), ("a", "y"), ("b", "x"), ("b", "a"), ("b", "c"), ("c", "y")],
        [("x", "b"), ("x", "y"), ("x", "c"), ("b", "y")],
    ),
    "confounded covariate": admg([("c", "x"), ("x", "y")], [("c", "y")]),
}
HEDGED = {
    "bow": BOW,
    "instrument": INSTRUMENT,
    "confounded mediator": admg([("x", "m"), ("m", "y")], [("x", "m")]),
    "confounded chain": admg([("x", "z"), ("z", "y")], [("x", "z"), ("z", "y")]),
    "bow before a mediator": admg([("x", "z"), ("z", "y")], [("x", "z")]),
    "collider of confounders": admg([("x", "y"), ("z", "y")], [("x", "z"), ("z", "y")]),
}


@pytest.mark.parametrize("name", IDENTIFIED)
def test_textbook_effects_are_identified(name):
    assert is_identified(IDENTIFIED[name], None, "x", "y") is True


@pytest.mark.parametrize("name", HEDGED)
def test_textbook_hedges_are_found(name):
    assert is_identified(HEDGED[name], None, "x", "y") is False


def test_latents_may_be_named_instead_of_marked():
    graph = nx.DiGraph([("u", "x"), ("u", "y"), ("x", "y")])
    assert is_identified(graph, set(), "x", "y") is True
    assert is_identified(graph, {"u"}, "x", "y") is False


def test_latents_that_cause_latents_are_projected_through():
    graph = nx.DiGraph([("u", "v"), ("v", "x"), ("u", "w"), ("w", "y"), ("x", "y")])
    projection = latent_projection(graph, {"u", "v", "w"})
    assert projection.confounders == (frozenset("xy"),)
    assert is_identified(graph, {"u", "v", "w"}, "x", "y") is False


def test_a_latent_mediator_becomes_an_arrow():
    graph = nx.DiGraph([("x", "u"), ("u", "y"), ("u", "z")])
    projection = latent_projection(graph, {"u"})
    assert projection.parents == {"x": frozenset(), "y": frozenset("x"), "z": frozenset("x")}
    assert projection.confounders == (frozenset("yz"),)


def test_an_effect_on_a_non_descendant_is_identified():
    assert is_identified(BOW, None, "y", "x") is True


def test_a_joint_effect_can_be_hedged_where_each_part_is_not():
    graph = admg([("x", "y"), ("x", "z")], [("x", "q"), ("q", "y")])
    graph.add_edge("q", "z")
    assert is_identified(graph, None, "x", "z") is True
    assert is_identified(BOW, None, "x", ["y"]) is False


def test_conditioning_may_identify():
    graph = admg([("x", "z"), ("z", "y")], [("x", "z")])
    assert is_identified(graph, None, "x", "y") is False
    assert is_identified(graph, None, "x", "y", given="z") is True


def test_conditioning_on_a_confounded_child_hedges_what_was_identified():
    graph = admg([("x", "y"), ("x", "z")], [("x", "z"), ("z", "y")])
    assert is_identified(graph, None, "x", "y") is True
    assert is_identified(graph, None, "x", "y", given="z") is False


def test_unobserved_and_overlapping_names_are_refused():
    with pytest.raises(ValueError, match="not observed"):
        is_identified(BOW, None, "x", "U0")
    with pytest.raises(ValueError, match="overlap"):
        is_identified(BOW, None, "x", ["x", "y"])


@pytest.mark.parametrize("confounded", [False, True])
def test_chains_of_two_thousand_are_decided(confounded):
    edges = [(f"v{i}", f"v{i + 1}") for i in range(2000)]
    pairs = [(f"v{i}", f"v{i + 2}") for i in range(1998)] if confounded else []
    assert is_identified(admg(edges, pairs), None, "v0", "v2000") is True


def test_beyond_the_bound_there_is_no_verdict(monkeypatch):
    monkeypatch.setattr("causaldsl.graph.hedge._STEPS", 10)
    assert is_identified(NAPKIN, None, "x", "y") is None


def random_admg(seed):
    chance = random.Random(seed)
    names = ["a", "b", "c", "d"][: chance.randint(3, 4)]
    edges = [pair for pair in combinations(names, 2) if chance.random() < 0.6]
    pairs = [pair for pair in combinations(names, 2) if chance.random() < 0.4][:3]
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(edges)
    for index, pair in enumerate(pairs):
        graph.add_node(f"U{index}", observed=False)
        graph.add_edges_from((f"U{index}", name) for name in pair)
    x, y = chance.sample(names, 2)
    return graph, x, y


class Enumerated:
    """All observed variables binary, every latent with four levels, tables as free numbers."""

    def __init__(self, graph):
        self.order = list(nx.topological_sort(graph))
        self.levels = {n: 4 if n.startswith("U") else 2 for n in self.order}
        self.parents = {n: list(graph.predecessors(n)) for n in self.order}
        self.seen = [n for n in self.order if not n.startswith("U")]
        self.slices, size = {}, 0
        for n in self.order:
            rows = int(np.prod([self.levels[p] for p in self.parents[n]], dtype=int))
            self.slices[n] = (size, rows, self.levels[n] - 1)
            size += rows * (self.levels[n] - 1)
        self.size = size

    def joint(self, theta, kept, do=None):
        """Distribution of `kept`, each table's last column being one minus the others."""
        letters = {n: chr(ord("a") + i) for i, n in enumerate(self.order)}
        operands, subscripts = [], []
        for n in self.order:
            start, rows, free = self.slices[n]
            table = theta[start : start + rows * free].reshape(rows, free)
            table = np.concatenate([table, 1 - table.sum(axis=1, keepdims=True)], axis=1)
            if n == do:
                table = np.tile(np.array([1.0, 0.0], dtype=table.dtype), (rows, 1))
            shape = [self.levels[p] for p in self.parents[n]] + [self.levels[n]]
            operands.append(table.reshape(shape))
            subscripts.append("".join(letters[p] for p in self.parents[n]) + letters[n])
        target = "".join(letters[n] for n in kept)
        return np.einsum(",".join(subscripts) + "->" + target, *operands, optimize=True).ravel()

    def gradients(self, theta, function):
        """Jacobian by complex steps, exact to rounding."""
        columns = []
        for index in range(self.size):
            moved = theta.astype(complex)
            moved[index] += 1e-30j
            columns.append(function(moved).imag / 1e-30)
        return np.array(columns)


def follows_from_observed(model, seed, effect_of):
    """An effect that the observed distribution fixes has no gradient outside its tangent space."""
    draw = np.random.default_rng(seed)
    tables = []
    for n in model.order:
        _, rows, free = model.slices[n]
        tables.append(draw.dirichlet(np.full(free + 1, 3.0), rows)[:, :free].ravel())
    theta = np.concatenate(tables)
    observed = model.gradients(theta, lambda moved: model.joint(moved, model.seen))
    effect = model.gradients(theta, effect_of)
    fitted = observed @ np.linalg.lstsq(observed, effect, rcond=1e-9)[0]
    return bool(np.abs(effect - fitted).max() < 1e-7)


@pytest.mark.parametrize("seed", range(40))
def test_verdicts_agree_with_the_rank_of_enumerated_models(seed):
    graph, x, y = random_admg(seed)
    model = Enumerated(graph)
    follows = follows_from_observed(model, seed, lambda theta: model.joint(theta, [y], do=x))
    assert is_identified(graph, None, x, y) == follows


@pytest.mark.parametrize("seed", range(100, 140))
def test_conditional_verdicts_agree_with_the_rank_of_enumerated_models(seed):
    graph, x, y = random_admg(seed)
    z = next(n for n in sorted(graph) if n not in (x, y) and not n.startswith("U"))
    model = Enumerated(graph)

    def conditional(theta):
        joint = model.joint(theta, [z, y], do=x).reshape(2, 2)
        return (joint / joint.sum(axis=1, keepdims=True)).ravel()

    follows = follows_from_observed(model, seed, conditional)
    assert is_identified(graph, None, x, y, given=z) == follows


@pytest.mark.parametrize("seed", range(200))
def test_whatever_a_door_identifies_is_identified(seed):
    graph, x, y = random_admg(seed)
    if back_door_sets(graph, x, y) or front_door(graph, x, y):
        assert is_identified(graph, None, x, y) is True


@pytest.mark.parametrize("seed", range(50))
def test_without_latents_everything_is_identified(seed):
    graph, x, y = random_admg(seed)
    assert is_identified(graph, set(), x, y) is True
