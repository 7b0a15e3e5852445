"""The simulator with hidden confounding: its oracle says what the file says, and is exact."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from confounded_truth import COLUMNS, DEFAULTS, D, R, Truth
from records import MODELS

from causaldsl import pipeline

FILE = MODELS / "confounded_simulated.scm"
SETTINGS = (
    {},
    {"r_to_a": 0.0},
    {"d_to_a": 1.0},
    {"a_to_d": 0.0},
    {"a_to_y": 0.0, "a_to_d": -0.5},
)
every_setting = pytest.mark.parametrize("setting", SETTINGS, ids=str)
N = 40_000


def model_of(setting):
    return pipeline.numbered(pipeline.checked_scm(FILE, overrides=setting or None))


@pytest.fixture(scope="module", name="drawn")
def make_drawn():
    return pipeline.simulate(model_of({}), N, seed=3, worlds=("a=a'",), latents=True)


@every_setting
def test_the_oracle_has_the_file_s_equations(setting):
    module = model_of(setting).compiled.module
    truth, rng = Truth(**setting), np.random.default_rng(0)
    values = {n: rng.normal(size=50) for n in ("u_r", "u_d")}
    values |= {n: rng.integers(0, 2, 50).astype(float) for n in COLUMNS}
    u_r, u_d, a, d1, d2 = (values[n] for n in ("u_r", "u_d", "a", "d1", "d2"))
    expected = {
        "a": truth.p_a(u_r, u_d),
        **{n: truth.p_r(n, u_r) for n in R},
        **{n: truth.p_d(n, u_d, a) for n in D},
        "y": truth.p_y(u_r, u_d, a, d1, d2),
    }
    p = module.parameters()
    for name, probability in expected.items():
        parents = [torch.as_tensor(values[n]) for n in module.PARENTS[name]]
        ours = module.MECHANISMS[name](p, *parents)
        assert ours.probs.numpy() == pytest.approx(probability, abs=1e-12), name


def test_the_oracle_has_the_file_s_numbers():
    hyper = pipeline.checked_scm(FILE).hyper
    found = {name: getattr(value, "value", value) for name, value in hyper.items()}
    assert found == DEFAULTS


@every_setting
def test_a_finer_grid_changes_no_figure(setting):
    coarse = Truth(**setting)
    fine = replace(coarse, step=0.11)
    for figure in ("total_effect", "observed_difference", "adjusted_for_r"):
        assert getattr(coarse, figure)() == pytest.approx(getattr(fine, figure)(), abs=1e-12)


def test_a_finer_grid_changes_no_row():
    rng = np.random.default_rng(0)
    rows = {n: rng.integers(0, 2, 20).astype(float) for n in COLUMNS}
    fine = Truth(step=0.11).unit_effects(rows)
    assert Truth().unit_effects(rows) == pytest.approx(fine, abs=1e-10)


def test_the_latents_distribution_is_the_standard_normal():
    truth = Truth()
    one = truth.prior.sum(1)
    moments = [float((one * truth.points**k).sum()) for k in (1, 2, 4)]
    assert moments == pytest.approx([0.0, 1.0, 3.0], abs=1e-12)


def test_the_total_effect_is_the_mean_of_true_counterfactuals(drawn):
    effects = (drawn["y[a=1]"] - drawn["y[a=0]"]).to_numpy(dtype=float)
    error = effects.std() / N**0.5
    assert abs(effects.mean() - Truth().total_effect()) < 5 * error


def test_the_observed_difference_is_that_of_the_groups(drawn):
    groups = [drawn.loc[drawn["a"] == v, "y"].to_numpy(dtype=float) for v in (1, 0)]
    error = sum(g.var() / len(g) for g in groups) ** 0.5
    difference = groups[0].mean() - groups[1].mean()
    assert abs(difference - Truth().observed_difference()) < 5 * error


@pytest.mark.parametrize("with_outcome", [True, False])
def test_the_effect_given_a_row_is_the_mean_over_its_latents(drawn, with_outcome):
    """Residuals of the effect given the latents are orthogonal to functions of the row."""
    truth = Truth()
    rows = drawn.iloc[:20_000]
    given_row = truth.unit_effects(rows, with_outcome=with_outcome)
    given_latents = effect_at(truth, rows["u_r"].to_numpy(), rows["u_d"].to_numpy())
    known = [rows[n].to_numpy(dtype=float) for n in (COLUMNS if with_outcome else COLUMNS[:-1])]
    for weight in (np.ones(len(rows)), *known, known[0] * known[4], given_row):
        products = (given_latents - given_row) * weight
        assert abs(products.mean()) < 5 * products.std() / len(rows) ** 0.5


def effect_at(truth, u_r, u_d):
    """The effect given latents, at points off the grid."""
    means = []
    for a in (0.0, 1.0):
        total = np.zeros(len(u_r))
        for d1 in (0.0, 1.0):
            for d2 in (0.0, 1.0):
                p1, p2 = truth.p_d("d1", u_d, a), truth.p_d("d2", u_d, a)
                share = (p1 if d1 else 1 - p1) * (p2 if d2 else 1 - p2)
                total += share * truth.p_y(u_r, u_d, a, d1, d2)
        means.append(total)
    return means[1] - means[0]


def test_the_file_shows_what_its_head_expects():
    truth = Truth()
    effect, seen = truth.total_effect(), truth.observed_difference()
    assert 1.7 < seen / effect < 2.0
    assert 0.5 < (truth.adjusted_for_r() - effect) / (seen - effect) < 1.0


def test_without_confounding_the_groups_differ_by_the_effect():
    truth = Truth(r_to_a=0.0)
    assert truth.observed_difference() == pytest.approx(truth.total_effect(), abs=1e-12)


def test_without_any_path_there_is_no_effect():
    assert Truth(a_to_d=0.0, a_to_y=0.0).total_effect() == pytest.approx(0.0, abs=1e-15)


def test_worlds_of_the_simulator_leave_r_alone(drawn):
    for name in R:
        assert (drawn[f"{name}[a=1]"] == drawn[name]).all()
        assert (drawn[f"{name}[a=0]"] == drawn[name]).all()
    assert (drawn["d1[a=1]"] != drawn["d1[a=0]"]).any()
