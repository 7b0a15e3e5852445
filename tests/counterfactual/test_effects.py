"""Effects against enumeration and quadrature, in both versions and for every estimand."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pandas as pd
import pytest
import torch

from causaldsl import pipeline
from causaldsl.counterfactual.abduction import read_evidence
from causaldsl.counterfactual.effect_question import read_question
from causaldsl.counterfactual.effects import prior_effects, unit_effects
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.source import SourceFile
from tests.models_text import compiled_of, scm_of

# --- a binary model by enumeration ----------------------------------------------------------

PARENTS = {"u": (), "a": (), "r": ("u",), "d": ("u", "a"), "y": ("u", "a", "d")}
TABLES = {
    "u": np.array(0.4),
    "a": np.array(0.6),
    "r": np.array([0.3, 0.8]),
    "d": np.array([[0.2, 0.7], [0.5, 0.6]]),
    "y": np.array([[[0.1, 0.35], [0.4, 0.5]], [[0.3, 0.6], [0.75, 0.9]]]),
}
OBSERVED = ("a", "r", "d", "y")
ROWS = np.array(list(product((0.0, 1.0), repeat=4)))


def text_of_tables():
    def predictor(name):
        terms = []
        for cell in product((0, 1), repeat=len(PARENTS[name])):
            flags = [p if c else f"(1 - {p})" for p, c in zip(PARENTS[name], cell, strict=True)]
            terms.append(" * ".join([repr(float(TABLES[name][cell])), *flags]))
        return " + ".join(terms)

    lines = ["scm cells", "latent u : binary", "observed a, r, d : binary", "outcome y : binary"]
    lines += [f"{p} -> {n}" for n, parents in PARENTS.items() for p in parents]
    lines += [f"{n} ~ Bernoulli(clip({predictor(n)}, 0.01, 0.99))" for n in PARENTS]
    return "\n".join(lines) + "\n"


def cells(name):
    """The stretches of a uniform between the thresholds 1 - p: middle and width."""
    edges = np.unique(np.concatenate([[0.0], 1 - np.ravel(TABLES[name]), [1.0]]))
    return [((low + high) / 2, high - low) for low, high in pairwise(edges)]


def worlds_by_row():
    """P(row), and P(u, noises | row)-means of both versions, for every row of (a, r, d, y)."""
    found = {}
    for choice in product(*(cells(n) for n in PARENTS)):
        weight = np.prod([c[1] for c in choice])
        noise = {n: c[0] for n, c in zip(PARENTS, choice, strict=True)}
        values, means = {}, {}
        for world, fixed in (("own", {}), (1, {"a": 1}), (0, {"a": 0})):
            v = values[world] = {}
            for name, parents in PARENTS.items():
                p = TABLES[name][tuple(v[q] for q in parents)]
                v[name] = fixed.get(name, int(noise[name] > 1 - p))
                if name == "y":
                    means[world] = float(p)
        row = tuple(values["own"][n] for n in OBSERVED)
        mean, sampled = means[1] - means[0], values[1]["y"] - values[0]["y"]
        found.setdefault(row, []).append((weight, mean, sampled))
    return found


def expected(rows_like):
    """E[effect | rows alike] in both versions, and P(rows alike)."""
    parts = np.array([e for row, es in worlds_by_row().items() if rows_like(row) for e in es])
    total = parts[:, 0].sum()
    return parts[:, 0] @ parts[:, 1] / total, parts[:, 0] @ parts[:, 2] / total, total


@pytest.fixture(name="binary", scope="module")
def make_binary():
    return compiled_of(text_of_tables())


def units(compiled, names, draws):
    columns = {n: torch.tensor(ROWS[:, OBSERVED.index(n)]) for n in names}
    return unit_effects(
        compiled, {}, read_evidence(compiled.scm, columns), read_question(compiled.scm, ["a=a'"]),
        seed=1, draws=draws,
    )  # fmt: skip


@pytest.mark.parametrize("names", [OBSERVED, OBSERVED[:3]], ids=["with y", "without y"])
def test_each_rows_effect_is_the_enumerated_one_in_both_versions(binary, names):
    found = units(binary, names, 20_000).rows
    for k, row in enumerate(ROWS):
        kept = [OBSERVED.index(n) for n in names]
        mean, sampled, _ = expected(lambda r, row=row, kept=kept: all(r[j] == row[j] for j in kept))
        for value, error, exact in (
            (found.means, found.means_error, mean),
            (found.sampled, found.sampled_error, sampled),
        ):
            assert abs(float(value[0, k]) - exact) <= 5 * float(error[0, k]) + 1e-9


@pytest.mark.parametrize("names", [OBSERVED, OBSERVED[:3]], ids=["with y", "without y"])
def test_the_total_effect_over_all_rows_is_the_enumerated_one_to_a_thousandth(binary, names):
    found = units(binary, names, 100_000).rows
    exact, _, _ = expected(lambda _: True)
    shares = np.array([expected(lambda r, row=row: r == tuple(row))[2] for row in ROWS])
    assert shares.sum() == pytest.approx(1)
    assert shares @ found.means[0].numpy() == pytest.approx(exact, abs=1e-3)
    assert shares @ found.sampled[0].numpy() == pytest.approx(exact, abs=1e-3)


def test_the_effect_of_prior_latents_is_the_enumerated_one(binary):
    question = read_question(binary.scm, ["a=a'"])
    found = prior_effects(binary, {}, question, seed=0, n_rows=400_000)
    exact, _, _ = expected(lambda _: True)
    assert float(found.means[0]) == pytest.approx(exact, abs=1e-3)
    assert abs(float(found.sampled[0]) - exact) <= 5 * float(found.sampled_error[0])


# --- a logit model by quadrature ------------------------------------------------------------

LOGIT = """
scm logit
latent K
sensitive a : binary
observed r : binary
outcome y : binary
K -> r, y
a -> y
a ~ Bernoulli(0.6)
r ~ Bernoulli(sigmoid(1.5*K))
y ~ Bernoulli(sigmoid(1.1*K + 0.9*a - 1))
"""


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def quadrature(weight, value):
    """E[weight(K) value(K)] / E[weight(K)] for a standard normal K."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    mass = weights * weight(nodes)
    return mass @ value(nodes) / mass.sum()


def logit_effect(k):
    return sigmoid(1.1 * k - 0.1) - sigmoid(1.1 * k - 1)


def test_the_total_effect_in_a_logit_model_is_the_integral_to_a_thousandth():
    compiled = compiled_of(LOGIT)
    question = read_question(compiled.scm, ["a=a'"])
    exact = quadrature(np.ones_like, logit_effect)
    found = prior_effects(compiled, {}, question, seed=0, n_rows=200_000)
    assert float(found.means[0]) == pytest.approx(exact, abs=1e-3)


@pytest.mark.parametrize("row", [(0.0, 1.0, 1.0), (1.0, 0.0, 1.0)], ids=str)
def test_a_rows_effect_in_a_logit_model_is_the_integral_over_its_posterior(row):
    compiled = compiled_of(LOGIT)
    evidence = {n: torch.tensor([v]).double() for n, v in zip("ary", row, strict=True)}
    a, r, y = row

    def likelihood(k):
        p, q = sigmoid(1.5 * k), sigmoid(1.1 * k + 0.9 * a - 1)
        return (p if r else 1 - p) * (q if y else 1 - q)

    found = unit_effects(
        compiled, {}, read_evidence(compiled.scm, evidence), read_question(compiled.scm, ["a=a'"]),
        seed=0, draws=20_000,
    )  # fmt: skip
    assert float(found.rows.means[0, 0]) == pytest.approx(
        quadrature(likelihood, logit_effect), abs=1e-3
    )


# --- linear and other outcomes --------------------------------------------------------------

LINEAR = """
scm linear
latent K
sensitive s : {low, middle, high}
observed d : real
outcome y : real
K -> d, y
s, d -> y
s -> d
param step = {low: 0, middle: 1, high: 4}
s ~ Categorical([0.5, 0.3, 0.2])
d ~ Normal(K + step[s], 1)
y ~ Normal(K + 2*d + step[s], 1)
"""


@pytest.fixture(name="linear", scope="module")
def make_linear():
    model = pipeline.numbered(scm_of(LINEAR))
    return model, pipeline.simulate(model, 40, 2)


def test_in_a_linear_model_every_row_has_the_same_effect_in_both_versions(linear):
    report = pipeline.effects(*linear, ["s=s'"], draws=20)
    assert report.contrasts == ("s=middle against s=low", "s=high against s=low")
    units = pipeline.effects_frame(report)
    for contrast, effect in zip(report.contrasts, (3.0, 12.0), strict=True):
        for kind in ("abducted_mean", "abducted_sampled", "without_outcome_sampled"):
            assert units[f"{kind}[{contrast}]"].to_numpy() == pytest.approx(np.full(40, effect))
        assert report.effect("prior", "mean", contrast=contrast).estimate == pytest.approx(effect)


def test_a_named_level_stands_against_each_other_one(linear):
    report = pipeline.effects(*linear, ["s=middle"], draws=5)
    found = {c: report.effect("abducted", "mean", contrast=c).estimate for c in report.contrasts}
    assert found == {
        "s=middle against s=low": pytest.approx(3.0),
        "s=middle against s=high": pytest.approx(-9.0),
    }


def test_an_effect_that_the_graph_excludes_is_zero_and_says_so(linear):
    text = "scm m\nobserved a, r : binary\noutcome y : real\nr -> y\na -> r\na ~ Bernoulli(0.5)\n"
    text += "r ~ Bernoulli(0.5)\ny ~ Normal(r, 1)\n"
    model = pipeline.numbered(scm_of(text.replace("a -> r\n", "")))
    report = pipeline.effects(model, pipeline.simulate(model, 10, 0), ["a=a'"], draws=3)
    assert report.effect("abducted", "sampled").estimate == 0
    assert any("does not descend" in sentence for sentence in report.assumptions)


def test_an_outcome_that_follows_from_its_parents_has_one_effect_in_both_versions():
    text = "scm m\nobserved a : binary\nlatent e\noutcome y : real\na, e -> y\n"
    text += "a ~ Bernoulli(0.5)\ny := 3*a + e\n"
    model = pipeline.numbered(scm_of(text))
    report = pipeline.effects(model, pipeline.simulate(model, 10, 0), ["a=1"], draws=3)
    assert report.effect("abducted", "mean").estimate == pytest.approx(3)
    assert report.effect("abducted", "sampled").estimate == pytest.approx(3)


# --- reports --------------------------------------------------------------------------------


@pytest.fixture(name="answered", scope="module")
def make_answered():
    model = pipeline.numbered(scm_of(text_of_tables()))
    frame = pipeline.simulate(model, 400, 0)
    return frame, pipeline.effects(model, frame, ["a=a'"], by=["r"], draws=50)


def test_every_mean_is_that_of_the_units_of_its_rows(answered):
    frame, report = answered
    units = pipeline.effects_frame(report)
    assert units["row"].tolist() == list(range(1, 401))
    for name, rows in (
        ("all rows", np.ones(400, dtype=bool)),
        ("a=1", frame["a"] == 1),
        ("a=0", frame["a"] == 0),
        ("r=0", frame["r"] == 0),
    ):
        found = report.effect("abducted", "probability", name=name)
        assert found.estimate == pytest.approx(units["abducted_probability"][rows].mean())
        assert found.n_rows == rows.sum()
        assert found.interval.low < found.estimate < found.interval.high


def test_a_row_keeps_its_own_outcome_in_its_own_world(answered):
    """With the outcome in the evidence a sampled effect is 0 or has the sign of the other value."""
    frame, report = answered
    effects = pipeline.effects_frame(report)["abducted_sampled"]
    signs = np.where(frame["a"] == frame["y"], 1, -1)
    assert (effects * signs >= 0).all()
    assert (effects != 0).any()


def test_what_rows_say_themselves_stands_beside_the_effects_of_a_root(answered):
    frame, report = answered
    for name, rows in (("all rows", frame.index >= 0), ("r=1", frame["r"] == 1)):
        by_level = frame[rows].groupby("a")["y"].mean()
        found = report.effect("observed", "observed", name=name)
        assert found.estimate == pytest.approx(by_level[1] - by_level[0])
    assert report.real_left_out is None
    assert "observed" not in {e.estimand for e in report.effects if e.group == "level"}


def test_what_rows_say_themselves_is_left_out_where_it_is_no_effect():
    text = "scm m\nlatent K : binary\nobserved a : binary\noutcome y : real\nK -> a, y\na -> y\n"
    text += "K ~ Bernoulli(0.5)\na ~ Bernoulli(0.3 + 0.4*K)\ny ~ Normal(2*a + K, 1)\n"
    model = pipeline.numbered(scm_of(text))
    report = pipeline.effects(model, pipeline.simulate(model, 20, 0), ["a=a'"], draws=20)
    assert "observed" not in {e.estimand for e in report.effects}
    assert "`a` has parents in the graph (`K`)" in report.real_left_out


def test_an_empty_stratum_is_there_with_no_figure(answered):
    frame, _ = answered
    model = pipeline.numbered(scm_of(text_of_tables()))
    report = pipeline.effects(model, frame[frame["r"] == 1], ["a=a'"], by=["r"], draws=5)
    empty = report.effect("abducted", "probability", name="r=0")
    assert (empty.n_rows, empty.estimate, empty.interval) == (0, None, None)
    assert report.effect("observed", "observed", name="r=0").estimate is None


def test_one_draw_a_row_tells_no_error_of_the_draws(answered):
    frame, _ = answered
    model = pipeline.numbered(scm_of(text_of_tables()))
    report = pipeline.effects(model, frame, ["a=a'"], draws=1)
    assert report.effect("abducted", "sampled").draws_error is None
    assert report.effect("prior", "sampled").draws_error > 0


def test_the_same_seed_gives_the_same_report(answered):
    frame, report = answered
    model = pipeline.numbered(scm_of(text_of_tables()))
    again = pipeline.effects(model, frame, ["a=a'"], by=["r"], draws=50)
    assert again.effects == report.effects
    pd.testing.assert_frame_equal(pipeline.effects_frame(again), pipeline.effects_frame(report))


# --- whose latents --------------------------------------------------------------------------


def test_a_fit_beyond_the_elbo_answers_by_its_encoder_unless_told_otherwise():
    text = LOGIT.replace("a ~ Bernoulli(0.6)\nr ~ Bernoulli(sigmoid(1.5*K))\n", "").split("y ~")[0]
    frame = pipeline.simulate(pipeline.numbered(scm_of(LOGIT)), 60, 0)
    source = SourceFile(path="m.scm", text=text + "loss extra = 0.01 * mse(K, y)\n")
    words = {"epochs": 2, "seed": 0, "passes": 2}
    model = pipeline.answerer_of(pipeline.fit(source, frame, words=words))
    trained = pipeline.effects(model, frame, ["a=a'"], draws=10)
    assert [e.source for e in trained.estimands] == ["encoder", "encoder", "prior"]
    assert all(e.ess is None for e in trained.estimands)
    corrected = pipeline.effects(model, frame, ["a=a'"], draws=10, objective="posterior")
    assert [e.source for e in corrected.estimands] == ["posterior", "posterior", "prior"]
    assert corrected.estimands[0].ess is not None


def test_evidence_that_speaks_of_the_outcome_is_named_where_the_outcome_is_left_out():
    text = "scm m\nobserved a : binary\noutcome y : real\nobserved z : real\na -> y -> z\n"
    text += "a ~ Bernoulli(0.5)\ny ~ Normal(a, 1)\nz ~ Normal(y, 1)\n"
    model = pipeline.numbered(scm_of(text))
    report = pipeline.effects(model, pipeline.simulate(model, 5, 0), ["a=a'"], draws=5)
    notes = {e.name: e.notes for e in report.estimands}
    assert notes["without outcome"] == ("`z` descends from the outcome and stays evidence",)


# --- refusals -------------------------------------------------------------------------------

ASKED = """
scm asked
latent K, b : binary
sensitive a : binary
observed r, d : binary
observed age : real
observed job : {none, clerk}
observed town : {LEVELS}
outcome y : real
K -> y
a -> d, job
a, r, d, age, b -> y
""".replace("LEVELS", ", ".join(f"t{k}" for k in range(21)))


@pytest.mark.parametrize(
    ("do", "options", "code", "said"),
    [
        ("a=1, r=1", {}, "CD743", "sets 2"),
        ("age=3", {}, "CD743", "`age` is real"),
        ("age=age'", {}, "CD727", "no list of other values"),
        ("a <- 1 - a", {}, "CD743", "sets no level"),
        ("a ~ Bernoulli(0.5)", {}, "CD743", "sets no level"),
        ("b=1", {}, "CD743", "unobserved"),
        ("sex=1", {}, "CD707", "no variable `sex`"),
        ("a=2", {}, "CD724", "not binary"),
        ("job=cleric", {}, "CD712", "no level"),
        ("a=a'", {"outcome": "job"}, "CD744", "no number"),
        ("a=a'", {"outcome": "K"}, "CD744", "unobserved"),
        ("a=a'", {"outcome": "a"}, "CD744", "what is set"),
        ("a=a'", {"outcome": "Y"}, "CD707", "no variable `Y`"),
        ("a=a'", {"by": ["d"]}, "CD745", "descends from `a`"),
        ("a=a'", {"by": ["a"]}, "CD745", "what is set"),
        ("a=a'", {"by": ["age"]}, "CD746", "no few levels"),
        ("a=a'", {"by": ["b"]}, "CD746", "unobserved"),
        ("a=a'", {"by": ["town"]}, "CD746", "21 levels"),
        ("a=a'", {"by": ["R"]}, "CD707", "no variable `R`"),
    ],
)
def test_a_question_without_an_answer_is_refused(do, options, code, said):
    with pytest.raises(CounterfactualError, match=code) as refused:
        read_question(scm_of(ASKED), [do], **options)
    assert said in refused.value.diagnostics[0].message


def test_misspelled_names_are_told_with_the_names_that_are_meant():
    with pytest.raises(CounterfactualError) as refused:
        read_question(scm_of(ASKED), ["a=a'"], outcome="Y", by=["R"])
    hints = [d.hint for d in refused.value.diagnostics]
    assert hints == ["did you mean `y`?", "did you mean `r`?"]


def test_a_refused_stratum_names_the_variables_that_would_do():
    with pytest.raises(CounterfactualError) as refused:
        read_question(scm_of(ASKED), ["a=a'"], by=["d"])
    assert refused.value.diagnostics[0].hint == "go by what does not descend from `a`: `r`"


@pytest.mark.parametrize(
    ("roles", "said"), [("observed y", "declares no outcome"), ("outcome x, y", "`x`, `y`")]
)
def test_without_one_outcome_it_must_be_named(roles, said):
    text = f"scm m\nobserved a : binary\n{roles} : real\na -> y\n"
    text += "a -> x\n" if "x" in roles else ""
    with pytest.raises(CounterfactualError, match="CD744") as refused:
        read_question(scm_of(text), ["a=a'"])
    assert said in refused.value.diagnostics[0].message
    assert read_question(scm_of(text), ["a=a'"], outcome="y").outcome == "y"


def test_too_many_strata_together_are_refused():
    names = [f"r{k}" for k in range(8)]
    text = f"scm m\nobserved a, {', '.join(names)} : binary\noutcome y : real\na -> y\n"
    with pytest.raises(CounterfactualError, match="256 strata"):
        read_question(scm_of(text), ["a=a'"], by=names)


def test_a_group_stands_for_its_members_in_strata():
    scm = scm_of(ASKED + "observed c : binary\nc -> y\ngroup few = r, c\n")
    assert read_question(scm, ["a=a'"], by=["few"]).by == ("r", "c")
