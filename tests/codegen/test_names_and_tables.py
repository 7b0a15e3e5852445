"""Names, tables and losses of the author's choosing do not change what the module computes."""

from __future__ import annotations

import pyro
import pytest
import torch

from causaldsl.codegen.names import mangle
from causaldsl.diagnostics.model import ModelError
from causaldsl.runtime.scope import isolated
from tests.models_text import compiled_of

X = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)


def law_of(text, name, params, *parents):
    compiled = compiled_of(text)
    with isolated(0):
        return compiled.module.MECHANISMS[name](params, *parents)


def terms_of(text, data):
    compiled = compiled_of(text)
    with isolated(0):
        drawn, made = compiled.module.traces(data)
    with isolated(0):
        terms, _ = compiled.module.loss_terms(data)
    return {name: term.detach() for name, term in terms.items()}, drawn, made


def test_a_parent_named_like_an_argument_is_read_to_the_end():
    text = (
        "scm m\nobserved mean : real\noutcome Y : real\nmean -> Y\n"
        "Y ~ Normal(10 + mean + mean*mean + mean*mean*mean, "
        "exp(mean + mean*mean/10 + mean*mean*mean/10))\n"
    )
    law = law_of(text, "Y", {}, X)
    assert law.mean.tolist() == pytest.approx((10 + X + X**2 + X**3).tolist())
    assert law.scale.tolist() == pytest.approx(torch.exp(X + X**2 / 10 + X**3 / 10).tolist())


def test_a_variable_named_like_a_helper_is_a_variable():
    text = "scm m\nobserved step : real\noutcome Y : real\nstep -> Y\nY ~ Normal(step(step), 1)\n"
    assert law_of(text, "Y", {}, X).mean.tolist() == [1.0, 0.0, 1.0]


def test_latents_named_loc_and_scale_keep_their_draws_in_a_guide():
    text = (
        "scm m\nlatent scale\nlatent loc\nlatent K\nobserved G : real\nscale, loc, K -> G\n"
        "guide loc ~ Normal(linear(scale, G))\nguide K ~ Normal(linear(scale, loc, G))\n"
    )
    compiled = compiled_of(text)
    seen = {}

    def spy(*blocks):
        seen[len(blocks)] = blocks
        return torch.stack(blocks, -1)

    compiled.module.stack = spy
    with isolated(0):
        trace = pyro.poutine.trace(compiled.module.guide).get_trace({"G": X})
    scale, loc = trace.nodes["scale"]["value"], trace.nodes["loc"]["value"]
    assert seen[3][0] is scale
    assert seen[3][1] is loc


def test_a_variable_named_law_survives_missing_cells():
    text = (
        "scm m\nobserved law : real\nobserved G : real missing latent\noutcome Y : real\n"
        "law -> G, Y\nG -> Y\nlaw ~ Normal(0, 1)\nG ~ Normal(law, 1)\nY ~ Normal(law + G, 1)\n"
    )
    compiled = compiled_of(text)
    data = {"law": X, "G": X, "Y": X, "G__seen": torch.tensor([True, False, True])}
    with isolated(0):
        trace = pyro.poutine.trace(compiled.module.model).get_trace(data)
    drawn = torch.where(data["G__seen"], X, trace.nodes["G__missing"]["value"])
    assert trace.nodes["Y"]["fn"].mean.tolist() == pytest.approx((X + drawn).tolist())


def test_params_that_differ_in_case_are_two_constants():
    text = (
        "scm m\nparam Gamma = 1\nparam gamma = 2\noutcome Y : real\n"
        "Y ~ Normal(Gamma + 10*gamma, 1)\n"
    )
    assert float(law_of(text, "Y", {}).mean) == 21.0


def test_params_named_like_the_modules_own_constants_keep_their_numbers():
    text = (
        "scm m\nparam scales = 2\nparam is_pure_elbo = 3\nparam name = 5\noutcome Y : real\n"
        "Y ~ Normal(scales * is_pure_elbo * name, 1)\n"
    )
    assert float(law_of(text, "Y", {}).mean) == 30.0


def test_a_table_in_two_orders_stays_apart_from_a_param_of_that_name():
    text = (
        "scm m\nparam t = {a: 1, b: 2}\nparam t2 = 5\nobserved S : {a, b}\nobserved R : {b, a}\n"
        "outcome Y : real\nS, R -> Y\nY ~ Normal(t[S] + 10*t[R] + 100*t2, 1)\n"
    )
    first = torch.tensor([0, 1])
    assert law_of(text, "Y", {}, first, first).mean.tolist() == [521.0, 512.0]


@pytest.mark.parametrize("name", ["intercept", "sd"])
def test_a_parent_named_like_a_generated_parameter_has_a_weight_of_its_own(name):
    text = f"scm m\nobserved {name} : real\noutcome Y : real\n{name} -> Y\n"
    compiled = compiled_of(text)
    with isolated(0):
        params = compiled.module.parameters()
    assert {"Y__intercept", "Y__sd", "Y__0"} <= set(params)


def test_digits_of_other_scripts_make_a_module_that_runs():
    assert all(name.isidentifier() for name in mangle(["a௰", "x²"]).values())


def test_long_levels_with_odd_quotes_and_brackets_stay_what_they_are():
    levels = [f"5\" pipe (x, it's y {'z' * 60}{k}" for k in range(3)]
    written = ", ".join('"' + level.replace('"', '\\"') + '"' for level in levels)
    compiled = compiled_of(f"scm m\nobserved S : {{{written}}}\n")
    assert compiled.module.LEVELS["S"] == tuple(levels)


# --- tables ---------------------------------------------------------------------------------


def test_a_table_of_two_variables_is_read_along_the_axis_that_is_named():
    text = (
        "scm m\nobserved S : {a, b}\nobserved R : {x, y, z}\noutcome Y : real\nS, R -> Y\n"
        "learn w[S, R] = 0\nY ~ Normal(w[b, R] + 100*w[S, y] + 10000*w[a, z], 1)\n"
    )
    w = torch.arange(6, dtype=torch.float64).reshape(2, 3)
    s, r = torch.tensor([0, 1]), torch.tensor([2, 0])
    expected = w[1, r] + 100 * w[s, 1] + 10000 * w[0, 2]
    assert law_of(text, "Y", {"w": w}, s, r).mean.tolist() == expected.tolist()


def test_logits_of_a_product_have_one_axis_of_rows_and_one_of_levels():
    text = "scm m\nobserved A, B : real\nobserved S : {a, b}\nA, B -> S\nS ~ linear(A * exp(B))\n"
    params = {"S__intercept": torch.zeros(1), "S__0": torch.ones(1)}
    law = law_of(text, "S", params, X, X)
    assert law.logits.shape == (3, 2)
    odds = law.logits[:, 1] - law.logits[:, 0]
    assert odds.tolist() == pytest.approx((X * X.exp()).tolist())


@pytest.mark.parametrize("right", ["2 * linear(A)", "Categorical(softmax(linear(A) / 2))"])
def test_arithmetic_that_would_pair_rows_with_levels_is_refused(right):
    text = f"scm m\nobserved A : real\nobserved S : {{a, b, c}}\nA -> S\nS ~ {right}\n"
    with pytest.raises(ModelError) as refused:
        compiled_of(text)
    assert refused.value.diagnostics[0].code == "CD490"


def test_a_clip_between_a_variable_and_a_number_is_computed():
    text = (
        "scm m\nobserved A, B : real\noutcome Y : real\nA, B -> Y\nY ~ Normal(clip(A, B, 1), 1)\n"
    )
    low = torch.tensor([0.0, -0.5, 0.0], dtype=torch.float64)
    assert law_of(text, "Y", {}, X, low).mean.tolist() == [0.5, -0.5, 1.0]


# --- losses ---------------------------------------------------------------------------------


def test_an_observed_equation_stands_in_a_loss_for_its_value():
    text = (
        "scm m\nobserved G : real\nlatent e\ne -> G\nG := 1 + 2*e\nloss z = mse(G, e) + mean(G)\n"
    )
    terms, _, _ = terms_of(text, {"G": X})
    assert float(terms["z"]) == pytest.approx(float(((X - (X - 1) / 2) ** 2).mean()))
    assert float(terms["z.2"]) == pytest.approx(float(X.mean()))


def test_an_unseen_cell_stands_in_a_loss_for_its_draw():
    text = "scm m\nobserved G : real missing latent\nlatent K\nK -> G\nloss z = mean(G + 0)\n"
    data = {"G": X, "G__seen": torch.tensor([True, False, True])}
    compiled = compiled_of(text)
    with isolated(0):
        _, made = compiled.module.traces(data)
    with isolated(0):
        terms, _ = compiled.module.loss_terms(data)
    held = torch.where(data["G__seen"], X, made.nodes["G__missing"]["value"])
    assert float(terms["z"].detach()) == pytest.approx(float(held.mean().detach()))


def test_the_mean_of_something_observed_is_its_value():
    text = "scm m\nobserved G : real\nlatent K\nK -> G\nloss z = mse(mean(G), K)\n"
    terms, _, made = terms_of(text, {"G": X})
    assert float(terms["z"]) == pytest.approx(
        float(((X - made.nodes["K"]["value"]) ** 2).mean().detach())
    )


# --- guides and equations -------------------------------------------------------------------


def test_a_written_guide_may_be_an_expression_of_what_is_observed():
    text = "scm m\nlatent K\nobserved G : real\nK -> G\nguide K ~ Normal(0.3*G, 0.5)\n"
    compiled = compiled_of(text)
    with isolated(0):
        law = pyro.poutine.trace(compiled.module.guide).get_trace({"G": X}).nodes["K"]["fn"]
    assert law.mean.tolist() == pytest.approx((0.3 * X).tolist())


def test_a_guide_that_reads_the_outcome_is_none_without_it():
    text = (
        "scm m\nlatent K\nobserved G : real\noutcome Y : real\nK -> G, Y\n"
        "guide K ~ Normal(0.3*G + Y, 0.5)\n"
    )
    assert set(compiled_of(text).module.GUIDES) == {"all"}


def test_what_an_unobserved_equation_gives_is_computed_and_not_drawn_by_the_guide():
    text = (
        "scm m\nlatent K\nlatent Z\nobserved G : real\nK -> Z -> G\nK ~ Normal(0, 1)\n"
        "Z := 2*K\nG ~ Normal(Z, 1)\n"
    )
    compiled = compiled_of(text)
    with isolated(0):
        drawn, made = compiled.module.traces({"G": X})
    assert "Z" not in drawn.nodes
    assert made.nodes["Z"]["value"].tolist() == (2 * made.nodes["K"]["value"]).tolist()


def test_a_divergence_behind_an_equation_of_a_later_draw_is_sampled():
    text = (
        "scm m\nlatent K\nlatent Z\nlatent W\nobserved G : real\nK -> Z -> W -> G\n"
        "Z := 2*K\nguide K ~ Normal(linear(W, G))\n"
    )
    assert "W" not in compiled_of(text).module.CLOSED_KL


def test_ordered_levels_have_a_reference_beside_their_cut_points():
    text = "scm m\nobserved S : {a, b, c}\noutcome Y : {low < mid < high}\nS -> Y\n"
    compiled = compiled_of(text)
    with isolated(0):
        params = compiled.module.parameters()
    assert params["Y__S"].shape == (2,)


def test_given_cut_points_leave_linear_its_intercept():
    text = (
        "scm m\nobserved S : {a, b, c}\noutcome Y : {low < mid < high}\nS -> Y\n"
        "Y ~ OrderedLogit(linear(S), [-1, 1])\n"
    )
    compiled = compiled_of(text)
    with isolated(0):
        assert "Y__intercept" in compiled.module.parameters()


def test_a_prior_that_reads_another_parameter_is_refused():
    text = (
        "scm m\nprior t ~ HalfNormal(1)\nprior w ~ Normal(0, t)\noutcome Y : real\n"
        "Y ~ Normal(w, 1)\n"
    )
    with pytest.raises(ModelError) as refused:
        compiled_of(text)
    assert refused.value.diagnostics[0].code == "CD490"


@pytest.mark.parametrize("word", ["silu", "identity", "gelu", "selu", "softplus", "sigmoid"])
def test_every_activation_of_the_language_runs_in_a_guide(word):
    text = "scm m\nlatent K\nobserved G : real\nK -> G\n"
    text += f"guide K ~ Normal(mlp(G; hidden=[3], activation={word}))\n"
    compiled = compiled_of(text)
    with isolated(0):
        law = pyro.poutine.trace(compiled.module.guide).get_trace({"G": X}).nodes["K"]["fn"]
    assert law.mean.shape == (3,)


@pytest.mark.parametrize(
    "right", ["linear(G; intercept=false)", "Normal(linear(G; intercept=false), 1)"]
)
def test_without_an_intercept_a_line_goes_through_the_origin(right):
    compiled = compiled_of(f"scm m\nobserved G : real\noutcome Y : real\nG -> Y\nY ~ {right}\n")
    compiled.set_scales({"G": (50.0, 4.0), "Y": (7.0, 3.0)})
    with isolated(0):
        p = {"Y__G": torch.tensor(2.0).double(), "Y__sd": torch.tensor(1.0).double()}
        law = compiled.module.MECHANISMS["Y"](p, X)
    assert law.mean.tolist() == pytest.approx((3 * 2 * X / 4).tolist())


def test_logits_without_an_intercept_are_zero_at_zero():
    text = (
        "scm m\nobserved G : real\noutcome S : {a, b, c}\nG -> S\nS ~ linear(G; intercept=false)\n"
    )
    compiled = compiled_of(text)
    compiled.set_scales({"G": (50.0, 4.0)})
    with isolated(0):
        law = compiled.module.MECHANISMS["S"]({"S__G": torch.tensor([4.0, 8.0]).double()}, X)
    relative = law.logits - law.logits[:, :1]
    assert relative.tolist() == pytest.approx(torch.stack([0 * X, X, 2 * X], -1))


@pytest.mark.parametrize("name", ["elbo", "kl", "validation", "objective"])
def test_a_loss_does_not_take_the_place_of_the_elbo_or_of_a_curve(name):
    text = f"scm m\nlatent K\nobserved Y : real\nK -> Y\nloss {name} = 0.5 * mse(K, Y)\n"
    text += "loss elbo(kl=warmup(0, 1; epochs=5))\n"
    compiled = compiled_of(text)
    with isolated(0):
        terms, parts = compiled.module.loss_terms({"Y": X})
        total = compiled.module.objective(terms, 5, {})
    assert set(terms) == {"elbo", "kl", f"{name}.2"}
    assert float(terms["elbo"].detach()) == pytest.approx(float(sum(parts.values()).detach()))
    own = terms["elbo"] + 0.5 * terms[f"{name}.2"]
    assert float(total.detach()) == pytest.approx(float(own.detach()))
