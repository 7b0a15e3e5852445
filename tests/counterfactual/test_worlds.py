"""Interventions, the worlds they open, and the answers by row."""

from __future__ import annotations

import math

import pytest
import torch

from causaldsl.counterfactual.abduction import read_evidence
from causaldsl.counterfactual.action import intervene, worlds_of
from causaldsl.counterfactual.engine import (
    counterfactual,
    couplings_of,
    is_pure_elbo,
    resample,
    world_draws,
)
from causaldsl.counterfactual.prediction import summarise
from causaldsl.counterfactual.result import to_columns
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.runtime.forward import simulate
from causaldsl.syntax.parser import parse_do
from tests.models_text import EXOC, FAIR_K, compiled_of, scm_of

TEXT = """
scm law
param t = {White: 0, Black: -0.4, Asian: 0.1}
param w = 0.3
sensitive S : {White, Black, Asian}
observed G : real
observed L : count
observed T : positive
outcome Y : real
latent K : real
K -> G, L, Y
S -> G, L, T
T -> Y
S ~ Categorical([0.7, 0.2, 0.1])
G ~ Normal(3 + w * K + t[S], 0.4)
L ~ Poisson(exp(1.6 + 0.1 * K + t[S]))
T ~ LogNormal(t[S], 0.5)
Y ~ Normal(0.2 * K + 0.5 * T, 1)
"""
N = 40


def law():
    compiled = compiled_of(TEXT)
    rows = simulate(compiled, {}, N, 0)
    return compiled, {n: rows[n] for n in compiled.scm.observed}


def do(compiled, *texts):
    assignments = []
    for text in texts:
        assignment, findings = parse_do(text)
        assert assignment is not None, findings
        assignments.append(assignment)
    return intervene(compiled.scm, assignments)


def answer(compiled, evidence, *texts, **settings):
    settings = {"seed": 0, "draws": 50, **settings}
    return counterfactual(compiled, {}, evidence, do(compiled, *texts), **settings)


# --- worlds ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["S=s'", "S=S'", "S <- s'"])
def test_a_flip_opens_a_world_for_each_level(text):
    compiled, _ = law()
    names = [w.name for w in worlds_of(compiled.scm, do(compiled, text))]
    assert names == ["S=White", "S=Black", "S=Asian"]


def test_a_declared_name_with_a_prime_is_itself_and_the_flip_is_lower_case():
    scm = scm_of(EXOC)
    assert len(worlds_of(scm, intervene(scm, {"S": "s'"}))) == 3
    compiled = compiled_of(EXOC)
    (world,) = worlds_of(compiled.scm, do(compiled, "S'=0.5"))
    assert world.name == "S'=0.5"


def test_two_flips_open_every_combination():
    compiled = compiled_of("scm m\nobserved a, b : binary\na -> b\nb ~ Bernoulli(sigmoid(a))\n")
    names = [w.name for w in worlds_of(compiled.scm, do(compiled, "a=a'", "b=b'"))]
    assert names == ["a=0, b=0", "a=0, b=1", "a=1, b=0", "a=1, b=1"]


def test_a_flip_leaves_a_row_out_of_its_own_world():
    compiled, evidence = law()
    result = answer(compiled, evidence, "S=s'")
    for position, world in enumerate(result.worlds):
        expected = (evidence["S"] != position).nonzero().squeeze(-1) + 1
        assert torch.equal(world.rows, expected)


def test_a_fixed_level_keeps_every_row():
    compiled, evidence = law()
    (world,) = answer(compiled, evidence, "S=Black").worlds
    assert len(world.rows) == N
    own = evidence["S"] == 1
    for name in ("G", "L", "T", "Y"):
        assert torch.equal(world.variables[name].mean[own], evidence[name][own])


def test_a_shift_adds_to_each_rows_own_value():
    compiled, evidence = law()
    (world,) = answer(compiled, evidence, "T <- T + w").worlds
    assert torch.allclose(world.variables["T"].mean, evidence["T"] + 0.3)
    assert torch.allclose(world.variables["Y"].mean, evidence["Y"] + 0.5 * 0.3)


def test_several_settings_act_at_once():
    compiled, evidence = law()
    (world,) = answer(compiled, evidence, "S=Black", "T=2").worlds
    assert world.name == "S=Black, T=2"
    assert torch.equal(world.variables["T"].mean, torch.full((N,), 2.0).double())


def test_a_nested_world_lends_its_value():
    # T as if Black, S as it is: only Y moves, through T alone
    compiled, evidence = law()
    (nested,) = answer(compiled, evidence, "T <- T[S <- Black]").worlds
    (black,) = answer(compiled, evidence, "S=Black").worlds
    assert torch.equal(nested.variables["T"].mean, black.variables["T"].mean)
    assert torch.equal(nested.variables["G"].mean, evidence["G"])
    assert torch.allclose(nested.variables["Y"].mean, black.variables["Y"].mean)


def test_a_policy_draws_for_every_row():
    compiled, evidence = law()
    (world,) = answer(compiled, evidence, "G ~ Uniform(1, 3)", draws=4000).worlds
    assert ((world.variables["G"].mean - 2).abs() < 5 * (4 / 12 / 4000) ** 0.5).all()
    assert ((world.variables["G"].q05 - 1.1).abs() < 0.05).all()


def test_a_latent_may_be_set():
    compiled, evidence = law()
    (world,) = answer(compiled, evidence, "K=0").worlds
    assert torch.equal(world.variables["K"].mean, torch.zeros(N).double())


# --- answers --------------------------------------------------------------------------------


def test_the_factual_world_holds_the_evidence_and_the_latents_posterior():
    compiled, evidence = law()
    result = answer(compiled, evidence, "S=Black")
    for name, value in evidence.items():
        assert torch.equal(result.factual.variables[name].mean.double(), value.double())
    assert (result.factual.variables["K"].sd > 0).all()


def test_columns_have_a_row_for_each_row_and_world():
    compiled, evidence = law()
    columns = to_columns(answer(compiled, evidence, "S=s'"))
    assert len(columns["row"]) == 2 * N
    assert columns["row"] == sorted(columns["row"])
    numbers = [f"{v}{end}" for v in "GLTYK" for end in ("", "_sd", "_q05", "_q95")]
    assert set(columns) == {"row", "world", "S", "S_p", *numbers}
    assert set(columns["S"]) == {"White", "Black", "Asian"}


def test_a_seed_fixes_every_number():
    compiled, evidence = law()
    one, two = (to_columns(answer(compiled, evidence, "S=s'")) for _ in range(2))
    assert one == two


def test_the_generator_outside_is_left_alone():
    compiled, evidence = law()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    answer(compiled, evidence, "S=Black")
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_default_dtype() is torch.float32


def test_rows_that_lack_different_variables_are_answered_together():
    compiled, evidence = law()
    seen = torch.arange(N) % 3 != 0
    evidence = evidence | {"G": torch.where(seen, evidence["G"], 0.0), "G__seen": seen}
    result = answer(compiled, evidence, "S=Black")
    (world,) = result.worlds
    assert torch.equal(world.rows, torch.arange(1, N + 1))
    assert (result.factual.variables["G"].sd[~seen] > 0.1).all()
    assert torch.equal(result.factual.variables["G"].mean[seen], evidence["G"][seen])


def test_chunks_do_not_change_what_evidence_settles(monkeypatch):
    compiled, evidence = law()
    whole = answer(compiled, evidence, "S=Black")
    monkeypatch.setattr("causaldsl.counterfactual.abducted_chunks.CHUNK", 300)
    parts = answer(compiled, evidence, "S=Black")
    for name in ("G", "T"):
        one, two = (r.worlds[0].variables[name].mean for r in (whole, parts))
        assert torch.allclose(one, two)


def test_less_evidence_leaves_more_to_the_model():
    compiled, evidence = law()
    little = answer(compiled, evidence, "S=Black", evidence_names=("S", "G"))
    much = answer(compiled, evidence, "S=Black")
    assert little.evidence == ("S", "G")
    k = [r.factual.variables["K"].sd.mean() for r in (little, much)]
    assert k[0] > k[1]


def test_a_result_names_its_couplings_and_assumptions():
    compiled, evidence = law()
    result = answer(compiled, evidence, "S=Black")
    assert result.couplings == {
        "G": "additive", "L": "quantile", "T": "additive", "Y": "additive"
    }  # fmt: skip
    said = " ".join(result.assumptions)
    assert "no data identify" in said
    assert "quantile coupling" in said
    assert "abduction noise alone" in said
    assert result.objective == "posterior"


def test_an_independent_coupling_redraws_only_what_moves():
    compiled = compiled_of(TEXT + "coupling G ~ independent\n")
    rows = simulate(compiled, {}, N, 0)
    evidence = {n: rows[n] for n in compiled.scm.observed}
    (world,) = answer(compiled, evidence, "S=Black", draws=400).worlds
    moved = evidence["S"] != 1
    assert torch.equal(world.variables["G"].sd[~moved], torch.zeros(int((~moved).sum())).double())
    assert (world.variables["G"].sd[moved] > 0.3).all()
    assert couplings_of(compiled.scm, frozenset({"G"})) == {"G": "independent"}


def test_raw_draws_share_latents_across_worlds_and_with_the_facts():
    compiled, evidence = law()
    found = world_draws(compiled, {}, evidence, do(compiled, "S=s'"), seed=0, draws=30)
    assert set(found.worlds) == {"S=White", "S=Black", "S=Asian"}
    own = evidence["S"] == 0
    for values in found.worlds.values():
        assert values["K"].shape == (30, N)
        assert torch.equal(values["K"], found.factual["K"])
    for name in compiled.parents:
        assert torch.equal(found.worlds["S=White"][name][:, own], found.factual[name][:, own])


def test_drawing_again_by_weight_keeps_the_weighted_mean():
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(500, 4, generator=generator, dtype=torch.float64)
    weights = torch.softmax(2 * values, 0)
    again = values.gather(0, resample(weights, generator))
    assert torch.allclose(again.mean(0), (weights * values).sum(0), atol=5 * 0.6 / 500**0.5)


def test_weighted_summaries_against_repeated_draws():
    values = torch.tensor([[1.0], [2.0], [4.0]]).double()
    weighted = summarise(values, torch.tensor([[0.2], [0.5], [0.3]]).double(), None)
    repeated = torch.tensor([1.0] * 2 + [2.0] * 5 + [4.0] * 3).double()
    assert weighted.mean.item() == pytest.approx(repeated.mean().item())
    assert weighted.sd.item() == pytest.approx(repeated.std(unbiased=False).item())
    assert (weighted.q05.item(), weighted.q95.item()) == (1.0, 4.0)


def test_levels_are_summarised_by_the_most_probable_one():
    values = torch.tensor([[0], [2], [2], [1]])
    summary = summarise(values, None, 3)
    assert (summary.mean.item(), summary.probability.item()) == (2, 0.5)


def test_no_row_at_all_gives_no_row():
    compiled, evidence = law()
    empty = {n: v[:0] for n, v in evidence.items()}
    assert to_columns(answer(compiled, empty, "S=Black"))["row"] == []


def test_what_counts_as_trained_by_the_elbo_alone():
    assert is_pure_elbo(scm_of(FAIR_K))
    assert not is_pure_elbo(scm_of(EXOC))


# --- refusals -------------------------------------------------------------------------------


def codes(raised):
    return [d.code for d in raised.value.diagnostics]


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (["Qx=1"], "CD707"),
        (["S=Blak"], "CD712"),
        (["S=1"], "CD712"),
        (["G=g'"], "CD727"),
        (["L=-1"], "CD724"),
        (["L=1.5"], "CD724"),
        (["T=0"], "CD724"),
        (["S=Black", "S=White"], "CD725"),
        (["S ~ Categorical([0.5, 0.3, 0.2])"], "CD726"),
        (["T ~ Gamma(1, 2, 3)"], "CD726"),
        (["S=Black along S -> L"], "CD716"),
        (["G <- log(-1 * T)"], "CD718"),
        (["T <- T - 100"], "CD724"),
        (["T <- t"], "CD713"),
        (["T <- T[S <- s']"], "CD713"),
    ],
)
def test_a_wrong_intervention_is_refused(texts, code):
    compiled, evidence = law()
    with pytest.raises(CounterfactualError) as raised:
        answer(compiled, evidence, *texts)
    assert codes(raised) == [code]


def test_every_wrong_assignment_is_reported_at_once():
    compiled, _ = law()
    with pytest.raises(CounterfactualError) as raised:
        intervene(compiled.scm, {"S": "Blak", "G": math.inf, "Lx": 1})
    assert codes(raised) == ["CD712", "CD718", "CD707"]
    assert "`Black`" in raised.value.diagnostics[0].hint
    assert "`L`" in raised.value.diagnostics[2].hint


@pytest.mark.parametrize(
    ("change", "names", "code"),
    [
        ({}, ("S", "Gx"), "CD707"),
        ({}, ("S", "K"), "CD708"),
        ({"G": torch.zeros(3)}, None, "CD709"),
        ({"G": torch.full((N,), torch.nan)}, None, "CD709"),
    ],
)
def test_wrong_evidence_is_refused(change, names, code):
    compiled, evidence = law()
    with pytest.raises(CounterfactualError) as raised:
        read_evidence(compiled.scm, evidence | change, names=names)
    assert codes(raised) == [code]


def test_evidence_outside_a_mechanisms_support_is_refused_with_its_rows():
    compiled, evidence = law()
    evidence["T"][4] = -1.0
    with pytest.raises(CounterfactualError) as raised:
        answer(compiled, evidence, "S=Black")
    assert codes(raised) == ["CD701"]
    assert raised.value.diagnostics[0].place == "row 5"


def test_evidence_that_contradicts_an_equation_is_refused_with_its_rows():
    compiled = compiled_of("scm m\nobserved a, b : real\na -> b\na ~ Normal(0, 1)\nb := 2 * a\n")
    evidence = {"a": torch.tensor([1.0, 2.0]).double(), "b": torch.tensor([2.0, 5.0]).double()}
    with pytest.raises(CounterfactualError) as raised:
        answer(compiled, evidence, "a=0")
    assert codes(raised) == ["CD702"]
    assert raised.value.diagnostics[0].place == "row 2"


def test_a_flip_needs_the_rows_own_value():
    compiled, evidence = law()
    with pytest.raises(CounterfactualError) as raised:
        answer(compiled, evidence, "S=s'", evidence_names=("G", "L"))
    assert codes(raised) == ["CD714"]


def test_draws_are_at_least_one():
    compiled, evidence = law()
    with pytest.raises(CounterfactualError) as raised:
        answer(compiled, evidence, "S=Black", draws=0)
    assert codes(raised) == ["CD717"]


def test_weights_that_rest_on_few_draws_are_reported():
    compiled, evidence = law()
    sharp = compiled_of(TEXT.replace("0.4)", "0.001)"))
    result = answer(sharp, evidence, "S=Black", engine="importance")
    assert [d.code for d in result.diagnostics] == ["CD710"]
    assert answer(compiled, evidence, "S=Black").diagnostics == ()
