import networkx as nx
import pytest

from causaldsl.graph.dag import build_dag
from causaldsl.graph.separation import d_separated
from causaldsl.graph.surgery import mutilated, twin, without_outgoing


@pytest.fixture
def model():
    nodes = {
        "K": {"role": "latent", "observed": False},
        "S": {"role": "sensitive", "observed": True},
        "L": {"role": "observed", "observed": True},
        "Y": {"role": "outcome", "observed": True},
    }
    return build_dag(nodes, [("K", "L"), ("K", "Y"), ("S", "L"), ("L", "Y")])


def test_do_cuts_incoming_arrows_only(model):
    assert set(mutilated(model, "L").edges) == {("K", "Y"), ("L", "Y")}


def test_do_marks_its_targets_and_leaves_the_original_alone(model):
    cut = mutilated(model, ["L", "S"])
    assert [n for n, on in cut.nodes(data="intervened") if on] == ["S", "L"]
    assert "intervened" not in model.nodes["L"]
    assert model.number_of_edges() == 4


def test_do_on_a_collider_leaves_its_parents_unchanged(model):
    cut = mutilated(model, "L")
    assert cut.nodes["S"] == model.nodes["S"]
    assert d_separated(cut, "S", ["K", "L", "Y"])


def test_new_graphs_are_frozen(model):
    for graph in (mutilated(model, "L"), twin(model, "S"), without_outgoing(model, "S")):
        assert nx.is_frozen(graph)


def test_outgoing_arrows_are_cut(model):
    assert set(without_outgoing(model, "L").edges) == {("K", "L"), ("K", "Y"), ("S", "L")}


def test_the_twin_merges_what_does_not_change(model):
    both = twin(model, "L")
    assert dict(both.nodes(data="world")) == {
        "K": "shared",
        "S": "shared",
        "L": "factual",
        "Y": "factual",
        "L*": "counterfactual",
        "Y*": "counterfactual",
        "Y__noise": "shared",
    }
    assert set(both.edges) == {
        *model.edges,
        ("K", "Y*"),
        ("L*", "Y*"),
        ("Y__noise", "Y"),
        ("Y__noise", "Y*"),
    }


def test_the_twin_marks_only_the_counterfactual_target(model):
    assert [n for n, on in twin(model, "L").nodes(data="intervened") if on] == ["L*"]


def test_the_twin_can_keep_every_variable_apart(model):
    both = twin(model, "L", merge=False, noise=False)
    assert {n for n, world in both.nodes(data="world") if world == "shared"} == {"K"}
    assert ("S*", "L*") not in both.edges
    assert both.nodes["S*"]["variable"] == "S"


def test_noise_of_the_unchanged_is_shared_with_the_copy(model):
    both = twin(model, "L", merge=False)
    assert {("S__noise", "S"), ("S__noise", "S*")} <= set(both.edges)
    assert "L__noise" not in both


def test_the_twin_is_acyclic(model):
    assert nx.is_directed_acyclic_graph(twin(model, ["S", "L"]))


def test_worlds_are_joined_by_shared_noise_alone(model):
    both = twin(model, "L")
    assert not d_separated(both, "Y", "Y*", ["L", "K"])
    assert d_separated(both, "Y", "Y*", ["L", "K", "Y__noise"])


def test_ignorability_of_a_randomised_treatment_shows_in_the_twin():
    graph = nx.DiGraph([("X", "Y")])
    assert d_separated(twin(graph, "X"), "X", "Y*")


def test_a_confounder_breaks_ignorability_in_the_twin():
    graph = build_dag(
        {"U": {"observed": False}, "X": {}, "Y": {}}, [("X", "Y"), ("U", "X"), ("U", "Y")]
    )
    assert not d_separated(twin(graph, "X"), "X", "Y*")
    assert d_separated(twin(graph, "X"), "X", "Y*", "U")


def test_unknown_targets_are_refused(model):
    with pytest.raises(ValueError, match="Q"):
        mutilated(model, "Q")
