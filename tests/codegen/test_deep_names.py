"""Names that the emitted module uses itself: each model means what it means under plain names."""

import re

import pytest

from tests.deep_models import Pass, rows_of
from tests.models_text import compiled_of

TEXT = """scm m
sensitive A : binary
observed B, C : real
observed D : {p, q, r}
outcome Y : binary
latent U[2], V
control W : real
group G = B, C
U, A -> B, C
V -> D
U, V, A, D -> Y
Y -> W
G ~ Normal(mlp(parents; hidden=[3], norm=batch))
Y ~ mlp(mlp(U, V; hidden=[3]), D; hidden=[2]) by A
guide Y ~ mlp(B, D; hidden=[2], dropout=0.2) by A
guide U ~ Normal(mlp(B, C, sampled(Y); hidden=[3]) by A; scale=logvar)
guide V ~ Normal(mlp(U, D; hidden=[2], out=tanh))
loss elbo(kl=0.5, weights={A: 0})
loss L1 = 0.5 * mmd(U by D, Normal(0, 1)) + hsic(U, (A, V))
loss L2 = total_correlation(U, (V, A); network=mlp(hidden=[3]))
loss L3 = adversary(D from U; network=mlp(hidden=[3]))
loss L4 = mean(abs(E[Y] - E[Y[D <- d']])) + mse(V, W)
"""
NAMES = ["A", "B", "C", "D", "Y", "U", "V", "W", "G", "L1", "L2", "L3", "L4"]
HOSTILE = """
heads heads2 run q p dense Record network normed NETWORKS MODE training sample data drawn made
terms parts joint product in_world k net name x y level rows out apart second others sites loc
scale law size n_rows plates weights_of guide_weights traces loss_terms objective
elbo_parts torch F dist pyro poutine kl_divergence constraints math columns stack levels
scaled unscaled cells mmd mmd_by hsic permuted density_ratio guess apart_from remark REMARKS
PLAYERS EVENTS SCALES carried median_distance affinity warmup rows_in parameters given_Y
heads_G heads_of_G mean_Y weights total epoch balance elbo kl validation
learning_rate self nodes lambda None True def Ü 名 größe A' guide_ before after value kernel width
contextmanager isinstance sum len float
""".split()  # noqa: SIM905 (a list of words)
SPLIT = [HOSTILE[i : i + 13] for i in range(0, len(HOSTILE), 13)]


def renamed(text, table):
    """Put names in place of others, and of their flips."""
    for old, new in table.items():
        text = re.sub(rf"(?<![A-Za-z0-9_']){old}(?![A-Za-z0-9_(\[])(?!')", f"§{new}§", text)
        text = re.sub(rf"(?<![A-Za-z0-9_']){old}\[(?=\d|§|[A-Z])", f"§{new}§[", text)
    text = text.replace("d'", f"{table.get('D', 'D')}'")
    return text.replace("§", "")


@pytest.fixture(scope="module")
def plain():
    compiled = compiled_of(TEXT)
    rows = rows_of(compiled, 16)
    return rows, Pass(compiled, rows, training=True)


@pytest.mark.parametrize("shift", [0, 5, 8])
@pytest.mark.parametrize("words", SPLIT, ids=lambda words: words[0])
def test_a_models_terms_are_the_same_under_any_names(plain, words, shift):
    words = words[shift:] + words[:shift]
    rows, expected = plain
    table = dict(zip(NAMES, words, strict=False))
    compiled = compiled_of(renamed(TEXT, table))
    given = {table.get(name, name): value for name, value in rows.items()}
    found = Pass(compiled, given, training=True)
    assert [float(v.detach()) for v in found.terms.values()] == [
        float(v.detach()) for v in expected.terms.values()
    ]
    assert float(found.total) == float(expected.total)
    assert len(found.moving) == len(expected.moving)


@pytest.mark.parametrize("name", ["auxiliary", "elbo", "kl", "objective", "validation"])
def test_a_loss_named_like_a_term_of_the_fits_own_stands_beside_it(plain, name):
    rows, expected = plain
    found = Pass(compiled_of(TEXT.replace("L3", name)), rows, training=True)
    assert found[f"{name}.2"] == expected["L3"]
    assert found["auxiliary"] == expected["auxiliary"]
    assert float(found.total) == float(expected.total)


def test_every_hostile_name_stood_in_every_kind_of_place():
    assert len(HOSTILE) == len(set(HOSTILE))
    compiled = compiled_of(TEXT)
    assert len(compiled.module.NETWORKS) >= 8
