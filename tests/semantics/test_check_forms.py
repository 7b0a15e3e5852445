"""What the checker makes of a mechanism: the forms that `Stochastic` and `Structural` describe."""

from __future__ import annotations

import pytest

from causaldsl.semantics.check import check
from causaldsl.semantics.model import Scm, Stochastic, Structural
from causaldsl.source import SourceFile
from causaldsl.syntax import nodes
from causaldsl.syntax.parser import parse
from causaldsl.syntax.printer import print_expression


def scm_of(text: str, **overrides: object) -> Scm:
    source = SourceFile(path="model.scm", text=text)
    program, syntax = parse(source)
    assert not syntax
    assert program is not None
    scm, diagnostics = check(program, source, overrides=overrides)
    assert scm is not None, diagnostics
    return scm


def form_of(
    domain: str, mechanism: str, *, role: str = "observed", above: str = ""
) -> dict[str, str]:
    """Return the family and arguments of V, printed, in a model with a latent K and levels S."""
    line = f"V {mechanism}" if mechanism else ""
    scm = scm_of(
        f"scm m\n{above}\nsensitive S : {{A, B, C}}\nlatent K\n{role} V : {domain}\n"
        f"outcome Y : real\nS, K -> V -> Y\n{line}\n"
    )
    found = scm.variables["V"].mechanism
    assert isinstance(found, Stochastic)
    printed = {key: print_expression(value) for key, value in found.arguments.items()}
    return {"family": found.family} | printed


@pytest.mark.parametrize(
    ("domain", "family", "argument"),
    [
        ("real", "Normal", "mean"),
        ("positive", "LogNormal", "mean"),
        ("unit", "Beta", "logit_mean"),
        ("count", "Poisson", "log_rate"),
        ("binary", "Bernoulli", "logits"),
        ("{X, Y, Z}", "Categorical", "logits"),
        ("{X < Y < Z}", "OrderedLogit", "predictor"),
    ],
)
def test_variable_without_a_mechanism_is_linear_in_its_parents(
    domain: str, family: str, argument: str
) -> None:
    assert form_of(domain, "") == {"family": family, argument: "linear(S, K)"}


def test_unobserved_real_has_scale_one() -> None:
    assert form_of("real", "~ linear(K, S)", role="latent") == {
        "family": "Normal",
        "mean": "linear(K, S)",
        "sd": "1",
    }


def test_written_predictor_of_an_observed_real_learns_its_scale() -> None:
    assert form_of("real", "~ linear(parents)") == {"family": "Normal", "mean": "linear(S, K)"}


def test_parents_are_written_out_inside_a_distribution() -> None:
    assert form_of("real", "~ Normal(linear(parents), 1)") == {
        "family": "Normal",
        "mean": "linear(S, K)",
        "sd": "1",
    }


@pytest.mark.parametrize(
    ("domain", "mechanism", "natural", "inner"),
    [
        ("binary", "~ Bernoulli(sigmoid(K + code(S)))", "logits", "K + code(S)"),
        ("count", "~ Poisson(exp(K + code(S)))", "log_rate", "K + code(S)"),
        ("{X, Y}", "~ Categorical(softmax([0, K + code(S)]))", "logits", "[0, K + code(S)]"),
    ],
)
def test_link_of_the_natural_parameter_is_seen_through(
    domain: str, mechanism: str, natural: str, inner: str
) -> None:
    assert form_of(domain, mechanism)[natural] == inner


def test_other_arguments_stay_as_written() -> None:
    assert form_of("count", "~ Poisson(2 * exp(K + code(S)))") == {
        "family": "Poisson",
        "rate": "2 * exp(K + code(S))",
    }


def test_one_network_for_all_parameters_is_kept_as_a_network() -> None:
    assert form_of("real", "~ Normal(mlp(K, S; hidden=[3]); scale=logvar)") == {
        "family": "Normal",
        "network": "mlp(K, S; hidden=[3])",
    }


def test_defaults_of_a_family_are_filled_in() -> None:
    assert form_of("real", "~ StudentT(3, K + code(S))") == {
        "family": "StudentT",
        "df": "3",
        "mean": "K + code(S)",
        "scale": "1",
    }


def test_parentless_real_latent_is_standard_normal_and_others_learn_their_marginal() -> None:
    scm = scm_of("scm m\nsensitive S : {A, B}\nlatent K\noutcome Y : real\nS, K -> Y\n")
    normal, marginal = scm.variables["K"].mechanism, scm.variables["S"].mechanism
    assert isinstance(normal, Stochastic)
    assert isinstance(marginal, Stochastic)
    assert {k: print_expression(v) for k, v in normal.arguments.items()} == {
        "mean": "0",
        "sd": "1",
    }
    assert (marginal.family, dict(marginal.arguments)) == ("Categorical", {})


def test_level_in_a_table_is_a_text_even_beside_a_variable_of_its_name() -> None:
    scm = scm_of(
        "scm m\nparam t = {K: 1, B: 2}\nsensitive S : {K, B}\nlatent K\noutcome Y : real\n"
        "S, K -> Y\nY ~ Normal(t[K] * K + t[S], 1)\n"
    )
    mechanism = scm.variables["Y"].mechanism
    assert isinstance(mechanism, Stochastic)
    read = [item.indices[0] for item in _indices(mechanism.arguments["mean"])]
    assert [type(item) for item in read] == [nodes.Text, nodes.Name]


def _indices(expression: nodes.Expression) -> list[nodes.Index]:
    from causaldsl.semantics.walk import walk

    return [item for item in walk(expression) if isinstance(item, nodes.Index)]


# --- structural equations -------------------------------------------------------------------


def noise_of(equation: str, *, arrows: str = "S, K, L -> V") -> str | None:
    scm = scm_of(
        "scm m\nsensitive S : {A, B}\nlatent K, L\nobserved V : real\nobserved W : real\n"
        f"param t = {{A: 1, B: 2}}\n{arrows}\nV, L -> W\nV := {equation}\n"
    )
    mechanism = scm.variables["V"].mechanism
    assert isinstance(mechanism, Structural)
    return mechanism.noise


@pytest.mark.parametrize(
    "equation",
    [
        "t[S] + 2*K + L^2",
        "exp(t[S] - K / 3) * abs(L)",
        "sqrt(log(exp(K))) - L*L + t[S]",
        "linear(S, K) + L^2",
        "sigmoid(-K) + t[S] * step(L)",
    ],
)
def test_latent_that_enters_once_and_invertibly_is_the_noise(equation: str) -> None:
    assert noise_of(equation) == "K"


@pytest.mark.parametrize(
    "equation", ["K + K + L^2 + t[S]", "max(0, K) + L^2 + t[S]", "K^3 + L*L + t[S]"]
)
def test_equation_that_cannot_be_solved_for_a_latent_has_no_noise(equation: str) -> None:
    assert noise_of(equation) is None


def test_latent_with_no_other_child_is_the_noise_before_a_shared_one() -> None:
    assert noise_of("t[S] + L + K") == "K"


def test_latent_is_the_noise_of_one_equation_only() -> None:
    scm = scm_of(
        "scm m\nlatent K\nobserved G, L : real\noutcome Y : real\nK -> G, L\nG, L -> Y\n"
        "G := K\nL := 2*K\n"
    )
    found = [scm.variables[name].mechanism for name in ("G", "L")]
    assert [m.noise for m in found if isinstance(m, Structural)] == ["K", None]


# --- stand-ins, groups, couplings -----------------------------------------------------------


def test_common_cause_becomes_a_latent_with_linear_effects() -> None:
    scm = scm_of(
        "scm m\nsensitive S : binary\noutcome Y : real\nS <-> Y\nS -> Y\nY ~ Normal(2*S, 1)\n"
    )
    stand_in = scm.variables["S__Y"]
    mechanism = scm.variables["Y"].mechanism
    assert isinstance(mechanism, Stochastic)
    assert stand_in.stand_in
    assert set(scm.variables["Y"].parents) == {"S__Y", "S"}
    printed = print_expression(mechanism.arguments["mean"])
    assert printed == "2*S + linear(S__Y; intercept=false)"


def test_group_gives_each_member_its_own_mechanism_and_marks_the_shared_network() -> None:
    scm = scm_of(
        "scm m\nlatent K\nobserved A, B : real\noutcome Y : real\ngroup g = A, B\n"
        "K -> g\ng -> Y\ng ~ mlp(parents; hidden=[2])\n"
    )
    assert scm.variables["A"].shares_network_with == ("A", "B")
    assert scm.variables["Y"].parents == ("A", "B")


def test_coupling_follows_the_family_unless_a_line_says_otherwise() -> None:
    scm = scm_of(
        "scm m\nsensitive S : {A, B}\nobserved C : count\nobserved D : real\noutcome Y : real\n"
        "S -> C, D, Y\ncoupling D ~ independent\n"
    )
    found = {name: v.coupling for name, v in scm.variables.items()}
    assert found == {"S": "gumbel", "C": "quantile", "D": "independent", "Y": "additive"}


# --- params and losses ----------------------------------------------------------------------


PARAMS = (
    "scm m\nparam a = 1\nparam b = 2*a\nparam l = [1, 2]\nparam t = {A: 1, B: 2}\n"
    "param w = elu\nsensitive S : {A, B}\noutcome Y : real\nS -> Y\n"
    "Y ~ Normal(a + b + l[0] + t[S] + linear(S), 1)\nguide S ~ mlp(Y; hidden=[2], activation=w)\n"
)


def test_override_takes_the_place_of_a_param_of_its_type() -> None:
    scm = scm_of(PARAMS, a="3", l=[4, 5], t={"A": 0, "B": 1}, w="relu")
    assert scm.hyper["a"].value == 3.0
    assert scm.hyper["l"].value == (4.0, 5.0)
    assert dict(scm.hyper["t"].value) == {"A": 0.0, "B": 1.0}  # type: ignore[arg-type]
    assert "activation=relu" in print_expression(scm.guides["S"].right)


def test_param_made_of_another_follows_its_override() -> None:
    assert scm_of(PARAMS, a=5).hyper["b"].value == 10.0


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("a", "x", "CD224"),
        ("a", True, "CD224"),
        ("a", float("nan"), "CD224"),
        ("l", 3, "CD224"),
        ("t", {"A": 1}, "CD224"),
        ("w", 2, "CD224"),
        ("aa", 2, "CD112"),
    ],
)
def test_override_of_another_type_or_name_is_refused(name: str, value: object, code: str) -> None:
    source = SourceFile(path="model.scm", text=PARAMS)
    program, _ = parse(source)
    assert program is not None
    scm, diagnostics = check(program, source, overrides={name: value})
    assert scm is None
    assert [d.code for d in diagnostics] == [code]


def test_training_words_are_plain_values() -> None:
    scm = scm_of(
        "scm m\nsensitive S : binary\noutcome Y : binary\nS -> Y\n"
        "train learning_rate=1e-3, epochs=20, batch_size=all, milestones=[1, 3]\n"
        "train keep=accuracy(Y)\n"
    )
    assert dict(scm.training.settings) == {
        "learning_rate": 1e-3,
        "epochs": 20,
        "batch_size": "all",
        "milestones": (1, 3),
        "keep": "accuracy(Y)",
    }


def test_unnamed_loss_is_called_after_its_term() -> None:
    scm = scm_of(
        "scm m\nsensitive S : binary\nlatent K\noutcome Y : real\nS, K -> Y\n"
        "loss 2 * elbo()\nloss mse(K, Y)\nloss mse(Y, K)\n"
    )
    assert [loss.name for loss in scm.losses] == ["elbo", "mse", "mse_2"]
