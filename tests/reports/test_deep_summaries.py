"""What a fit's summary and document say of latents, of the epoch kept and of what was left out."""

import re
from dataclasses import replace

import numpy as np
import pytest

import causaldsl
from causaldsl.inference.fitted import Units
from causaldsl.reports.fit_document import document_of_fit
from causaldsl.reports.fit_text import fit_lines

MODEL = """scm deep
sensitive a : binary
observed x : real
observed y : binary
latent u[3], K
u, a -> x, y
K -> x
x ~ Normal(mlp(u, K, a; hidden=[3]), 1)
y ~ mlp(u, a; hidden=[3])
loss fair = 0.3 * mean(abs(E[y] - E[y[a <- a']]))
train learning_rate=0.01, epochs=4, keep=accuracy(y), validation=0.2
"""


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.RandomState(0)
    table = {"a": rng.randint(0, 2, 50), "x": rng.randn(50), "y": rng.randint(0, 2, 50)}
    return causaldsl.loads(MODEL).fit(table, passes=2).fitted


def shown(fitted, **fields):
    return replace(fitted, result=replace(fitted.result, **fields))


def test_the_summary_says_how_much_of_a_latent_is_in_use(fitted):
    units = {
        "u": Units(kl=(0.5, 0.25, 0.001), spread=(0.4, 0.02, 0.0)),
        "K": Units(kl=(0.2,), spread=(0.1,)),
    }
    text = "\n".join(fit_lines(shown(fitted, kl={"u": 0.751, "K": 0.2}, units=units)))
    assert "latent u: 0.7510 nats per row from its prior, 2 of 3 dimensions in use" in text
    assert "    by dimension: 0.500, 0.250, 0.001" in text
    assert "latent K: 0.2000 nats per row from its prior\n" in text


def test_a_latent_that_is_not_used_at_all_is_named_so(fitted):
    units = {"u": Units(kl=(0.001,) * 3, spread=(0.0,) * 3)}
    text = "\n".join(fit_lines(shown(fitted, kl={"u": 0.003}, units=units)))
    assert (
        "latent u: 0.0030 nats per row from its prior (unused: its posterior is its prior)" in text
    )


def test_the_summary_names_the_epoch_kept_and_its_metric(fitted):
    result = fitted.result
    value = result.curves["accuracy(y)"][result.kept - 1]
    assert (
        f"kept the state of epoch {result.kept}, the best by accuracy(y), "
        f"{value:.4f} on the validation rows"
    ) in "\n".join(fit_lines(fitted))
    loss = shown(fitted, kept=2, config=replace(result.config, keep="loss"))
    assert "epoch 2, the best by the objective on the validation rows" in "\n".join(fit_lines(loss))
    last = "\n".join(fit_lines(shown(fitted, kept=None)))
    assert "kept the state" not in last


def test_terms_are_listed_with_their_weights(fitted):
    assert fitted.result.weights["fair"] == 0.3
    (line,) = [line for line in fit_lines(fitted) if "loss fair" in line]
    assert "weight 0.3" in line


def test_the_document_has_a_table_of_the_latents(fitted):
    document = document_of_fit(fitted)
    (table,) = [t for t in document.tables if t.title == "Latents"]
    assert [row[0] for row in table.rows] == ["u", "K"]
    assert table.rows[0][2] == f"{fitted.result.units['u'].active} of 3"
    assert len(table.rows[0][3].split(", ")) == 3
    assert table.rows[1][3] == "-"
    assert "0.01 (Burda et al. 2016)" in table.notes[0]


def test_sites_that_the_objective_leaves_out_are_marked():
    rng = np.random.RandomState(0)
    table = {"a": rng.randint(0, 2, 30), "x": rng.randn(30)}
    text = "scm m\nsensitive a : binary\nobserved x : real\nlatent u\nu, a -> x\n"
    fitted = causaldsl.loads(text + "loss elbo(weights={a: 0})\n").fit(table, epochs=2, passes=2)
    said = "\n".join(fit_lines(fitted.fitted))
    assert re.search(r"\ba 0\.\d{4} \(weight 0\)", said)
    assert said.count("(weight 0)") == 1
    (sites,) = [
        t for t in document_of_fit(fitted.fitted).tables if t.title == "Negative ELBO per row"
    ]
    assert "a (weight 0)" in {row[0] for row in sites.rows}
