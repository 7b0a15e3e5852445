from __future__ import annotations

import pytest

from causaldsl import pipeline
from causaldsl.ir import nodes as ir
from causaldsl.ir.plan import fit_obstacles, needs_no_fit
from causaldsl.ir.printer import print_guides, print_program
from causaldsl.ir.verify import verify
from causaldsl.source import SourceFile
from tests.models_text import EXOC, FAIR_K, program_of, scm_of

HEAD = "scm m\nsensitive S : {a, b, c}\noutcome Y : real\n"


def params_of(text):
    return {p.name: p for p in program_of(text).params}


def test_a_category_enters_linear_with_its_first_level_as_reference():
    params = params_of(HEAD + "S -> Y\n")
    assert params["Y__S"].shape == (2,)


def test_without_an_intercept_every_level_has_a_weight():
    params = params_of(HEAD + "S -> Y\nY ~ linear(S; intercept=false)\n")
    assert params["Y__S"].shape == (3,)
    assert "Y__intercept" not in params


def test_an_observed_real_gets_a_learned_scale_with_a_floor():
    params = params_of(HEAD + "S -> Y\n")
    assert params["Y__sd"].floor == 0.01


def test_a_latent_real_keeps_scale_one():
    text = HEAD + "latent K\nlatent U\nK -> U -> Y\nS -> Y\n"
    mechanism = program_of(text).mechanism("U")
    assert mechanism.arguments["sd"] == ir.Num(1.0)


def test_weights_of_latent_inputs_start_off_zero():
    params = params_of(FAIR_K)
    assert params["G__K"].start.values == (0.1,)
    assert params["G__S"].start.values == (0.0,)


def test_a_count_starts_at_the_log_of_its_mean():
    start = params_of(FAIR_K)["L__intercept"].start
    assert (start.rule, start.column) == ("log_centre", "L")


def test_an_ordered_outcome_has_cut_points_and_no_second_intercept():
    text = "scm m\nsensitive S : {a, b}\noutcome Y : {low < mid < high}\nS -> Y\n"
    params = params_of(text)
    assert params["Y__cutpoints"].shape == (2,)
    assert "Y__intercept" not in params


def test_an_equation_is_inverted_for_the_latent_that_is_its_noise():
    text = HEAD + ("latent e\nS -> Y\ne -> Y\nlearn s : positive = 1\nY := linear(S) + s*e\n")
    inverse = program_of(text).mechanism("Y").inverse
    assert inverse is not None
    assert inverse.latent == "e"


def test_a_latent_that_an_equation_determines_comes_after_the_equations_other_parents():
    text = (
        "scm m\nsensitive S : {a, b}\nobserved A : real\nobserved B : real\noutcome Y : real\n"
        "latent e\ne -> B, Y\nS -> A -> B\nB := A + 2*e\nY ~ Normal(e, 1)\n"
    )
    order = [m.target for m in program_of(text).mechanisms]
    assert order.index("A") < order.index("e") < order.index("B") < order.index("Y")


def test_an_equation_without_an_inverse_cannot_be_fitted_and_says_where():
    text = HEAD + "latent e\nS -> Y\ne -> Y\nY := max(0, e)\n"
    scm = scm_of(text)
    findings = fit_obstacles(scm, program_of(text))
    assert [f.code for f in findings] == ["CD495"]
    assert findings[0].span is not None


def test_a_discrete_latent_with_observed_children_cannot_be_fitted():
    text = HEAD + "latent Z : binary\nZ, S -> Y\n"
    assert [f.code for f in fit_obstacles(scm_of(text), program_of(text))] == ["CD496"]


def test_a_file_with_every_number_needs_no_fit():
    text = (
        "scm m\nsensitive S : {a, b}\noutcome Y : real\nS -> Y\nparam t = {a: 0, b: 2}\n"
        "S ~ Categorical([0.5, 0.5])\nY ~ Normal(t[S], 1)\n"
    )
    assert needs_no_fit(program_of(text))


def test_the_derived_guide_reads_the_markov_blanket_through_other_latents():
    stages, _ = pipeline.lower_scm(scm_of(EXOC))
    assert stages is not None
    everything, without = stages[1]
    by_target = {s.target: s for s in everything.sites}
    assert by_target["K"].network.inputs == ("S", "G", "L", "Y")
    assert {s.target: s for s in without.sites}["K"].network.inputs == ("S", "G", "L")


def test_a_control_without_observed_descendants_has_no_factor_under_auto():
    stages, _ = pipeline.lower_scm(scm_of(EXOC))
    assert stages is not None
    assert "S''" not in [s.target for s in stages[1][0].sites]


def test_under_per_row_every_latent_has_its_factor():
    stages, _ = pipeline.lower_scm(scm_of(EXOC + "guide per_row\n"))
    assert stages is not None
    assert {s.target for s in stages[1][0].sites} == {"K", "S'", "S''"}


def test_a_divergence_is_not_closed_when_the_guide_makes_the_prior_depend_on_it():
    text = HEAD + (
        "latent K\nlatent U\nK -> U\nU, S -> Y\n"
        "guide U ~ Normal(linear(Y, S))\nguide K ~ Normal(linear(U, Y))\n"
    )
    stages, findings = pipeline.lower_scm(scm_of(text))
    assert stages is not None, findings
    sites = {s.target: s for s in stages[1][0].sites}
    assert sites["K"].closed_kl
    assert not sites["U"].closed_kl


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("observed x[2] : unit\nS -> Y\n", "CD491"),
        ("observed x[2] : real missing latent\nS -> Y\n", "CD490"),
        ("observed x : image[1, 8, 8] missing latent\nS -> Y\n", "CD490"),
        ("latent K\nK, S -> Y\nY ~ linear(K; intercept=false) by S\n", "CD490"),
        ("latent K\nK, S -> Y\nloss hide = adversary((S, Y) from K; network=mlp())\n", "CD493"),
        ("latent K\nK, S -> Y\nguide K ~ Laplace(mlp(Y; hidden=[4]))\n", "CD494"),
    ],
)
def test_what_is_not_compiled_says_so_at_its_place(lines, code):
    stages, findings = pipeline.lower_scm(scm_of(HEAD + lines))
    assert stages is None
    assert code in {f.code for f in findings}
    assert all(f.span is not None for f in findings)


def test_the_printed_program_names_every_site_once():
    program = verify(program_of(EXOC))
    text = print_program(program)
    for m in program.mechanisms:
        assert sum(f" {m.target} ~" in line for line in text.splitlines()) == 1


def test_the_printed_guides_say_what_each_factor_reads():
    stages, _ = pipeline.lower_scm(scm_of(FAIR_K))
    assert stages is not None
    assert "K reads S, G, L, Y hidden [32] tanh + linear (closed KL)" in print_guides(stages[1])


def test_the_balance_of_the_first_pass_and_of_each_step_are_told_apart():
    stages, _ = pipeline.lower_scm(scm_of(EXOC))
    each = EXOC.replace("mse(S', S'')", "mse(S', S''); each_step=true")
    stages_each, _ = pipeline.lower_scm(scm_of(each))
    assert stages is not None
    assert stages_each is not None
    assert stages[2].losses[0].balance == "first"
    assert stages_each[2].losses[0].balance == "each_step"


def test_a_uniform_prior_stays_inside_its_interval():
    text = HEAD + "S -> Y\nprior w ~ Uniform(0, 1)\nY ~ Normal(linear(S) + w, 1)\n"
    assert params_of(text)["w"].constraint == "unit"


@pytest.mark.parametrize(
    "text",
    [
        "prior w ~ Uniform(-1, 1)\nY ~ Normal(linear(S) + w, 1)\n",
        "Y ~ Normal(linear(S; prior=Uniform(0, 1)), 1)\n",
    ],
)
def test_other_uniform_priors_are_refused(text):
    scm = scm_of(HEAD + "S -> Y\n" + text)
    stages, findings = pipeline.lower_scm(scm)
    assert stages is None
    assert [d.code for d in findings] == ["CD490"]


@pytest.mark.parametrize(
    ("members", "right", "code"),
    [
        ("b : binary", "Normal(mlp(u; hidden=[4]))", "CD402"),
        ("b : {p, q, r}", "Normal(mlp(u; hidden=[4]), 1)", "CD402"),
        ("b : image[1, 8, 8]", "mlp(u; hidden=[4])", "CD492"),
        ("b : image[1, 8, 8]", "deconv(u; channels=[4])", "CD415"),
    ],
)
def test_a_group_whose_members_do_not_go_together_is_refused_at_its_place(members, right, code):
    text = f"{HEAD}latent u[2]\nobserved {members}\ngroup g = x, b\nu -> x, b\ng ~ {right}\n"
    text = text.replace("latent u[2]", "latent u[2]\nobserved x : real")
    checked = pipeline.check_source(SourceFile(path="m.scm", text=text))
    _, refusals = pipeline.lower_scm(checked.scm) if checked.scm else (None, ())
    (finding,) = [d for d in (*checked.diagnostics, *refusals) if d.severity == "error"]
    assert finding.code == code
    assert finding.span.text in right or finding.span.text == f"g ~ {right}"


@pytest.mark.parametrize("given", ["{0: 1, 1: 2}", "{a: 0}", "[1, 2]"])
def test_a_table_is_no_input_of_a_network(given):
    text = "scm m\nobserved a : binary\nobserved x : real\noutcome y : binary\na, x -> y\n"
    text += f"y ~ mlp(a, x, {given}; hidden=[4])\n"
    checked = pipeline.check_source(SourceFile(path="m.scm", text=text))
    _, refusals = pipeline.lower_scm(checked.scm) if checked.scm else (None, ())
    (finding,) = [d for d in (*checked.diagnostics, *refusals) if d.severity == "error"]
    assert finding.span.text == given
