import random

import networkx as nx
import pytest


def make_graph(nodes, edges, confounded=()):
    """Graph with the attributes of `Scm.graph`; nodes are (name, role, domain, label)."""
    graph = nx.DiGraph()
    for name, role, domain, label in nodes:
        observed = role in ("sensitive", "observed", "outcome")
        graph.add_node(
            name, role=role, observed=observed, domain=domain, label=label, stand_in=False
        )
    graph.add_edges_from(edges)
    for a, b in confounded:
        name = f"{a}__{b}"
        graph.add_node(
            name, role="latent", observed=False, domain="real", label=None, stand_in=True
        )
        graph.add_edges_from([(name, a), (name, b)])
    return graph


def random_graph(seed, size=20, probability=0.12):
    chance = random.Random(seed)
    roles = ["observed", "observed", "latent", "sensitive", "outcome", "auxiliary", "control"]
    names = [f"v{index}" for index in range(size)]
    nodes = [
        (n, chance.choice(roles), chance.choice(["real", "binary", None]), None) for n in names
    ]
    edges = [
        (a, b) for i, a in enumerate(names) for b in names[i + 1 :] if chance.random() < probability
    ]
    pairs = [tuple(chance.sample(names, 2)) for _ in range(chance.randint(0, 3))]
    return make_graph(nodes, edges, {tuple(sorted(pair)) for pair in pairs})


@pytest.fixture
def exoc():
    return make_graph(
        [
            ("S", "sensitive", "{White, Black, Asian}", None),
            ("G", "observed", "real", "undergraduate GPA"),
            ("L", "observed", "count", "admission test score"),
            ("Y", "outcome", "real", "first-year average, standardised"),
            ("K", "latent", "real", "knowledge"),
            ("S'", "auxiliary", "real", "what gives rise to S"),
            ("S''", "control", "real", "S' read back from Y"),
        ],
        [
            *(("K", v) for v in "GLY"),
            *(("S'", v) for v in "SGLY"),
            ("S", "G"),
            ("S", "L"),
            ("Y", "S''"),
        ],
    )


@pytest.fixture
def front_door():
    nodes = [
        ("X", "sensitive", "binary", None),
        ("M", "observed", "binary", None),
        ("Y", "outcome", "binary", None),
    ]
    return make_graph(nodes, [("X", "M"), ("M", "Y")], [("X", "Y")])


@pytest.fixture
def hostile():
    nodes = [
        ("a", "observed", '{"</svg>", "<b>"}', '</svg><script>alert("1 & 2")</script>'),
        ("b\\", "outcome", "real", 'quote " backslash \\n brace } bracket ] $x^2$ --> end'),
        ("größe_Δ", "latent", "real", "\u202etxet desrever\u202c\x07\n二行目 🎓"),
        ("class", "sensitive", "{subgraph, end, style}", "%% comment; node [shape=x]"),
    ]
    return make_graph(nodes, [("class", "a"), ("größe_Δ", "b\\"), ("a", "b\\")])


@pytest.fixture
def graph_of():
    return make_graph


@pytest.fixture
def random_graph_of():
    return random_graph
