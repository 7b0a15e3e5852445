"""The emitted text: it runs, it says what the file says, and it can run nothing else."""

from __future__ import annotations

import ast
import math
import traceback

import pyro
import pytest
import torch
from pyro.infer import Trace_ELBO, TraceMeanField_ELBO
from pyro.infer.inspect import get_dependencies
from scipy import stats

from causaldsl.codegen.expressions import FAMILY_TEXT
from causaldsl.codegen.names import mangle
from causaldsl.runtime.load import load_module
from causaldsl.runtime.scope import isolated
from causaldsl.vocabulary.distributions import FAMILIES
from tests.models_text import EXOC, FAIR_K, compiled_of

ROWS = 7


def rows():
    generator = torch.Generator().manual_seed(0)
    return {
        "S": torch.randint(0, 3, (ROWS,), generator=generator),
        "G": torch.randn(ROWS, generator=generator, dtype=torch.float64),
        "L": torch.randint(20, 45, (ROWS,), generator=generator).double(),
        "Y": torch.randn(ROWS, generator=generator, dtype=torch.float64),
    }


def test_every_family_of_the_vocabulary_has_its_text():
    assert set(FAMILY_TEXT) == set(FAMILIES)


def test_the_module_imports_torch_and_pyro_only():
    tree = ast.parse(compiled_of(EXOC).text)
    names = {
        a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names
    }
    names |= {
        (n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)
    }
    assert names <= {"torch", "pyro", "math"}


def test_site_names_are_the_variables_own():
    compiled = compiled_of(EXOC)
    with isolated(0):
        trace = pyro.poutine.trace(compiled.module.model).get_trace({}, 5)
    sites = {n for n, s in trace.nodes.items() if s["type"] == "sample" and n != "rows__"}
    assert sites == {"S", "G", "L", "Y", "K", "S'", "S''"}


@pytest.mark.parametrize("text", [FAIR_K, EXOC, EXOC + "guide per_row\n"])
def test_the_parts_add_up_to_pyros_own_elbo_on_the_same_draws(text):
    compiled = compiled_of(text)
    data = rows() | {"__row__": torch.arange(ROWS)}
    for guide in compiled.module.GUIDES.values():
        held = {k: v for k, v in data.items() if guide is compiled.module.guide or k != "Y"}
        with isolated(1):
            parts, _ = compiled.module.elbo_parts(held, ROWS, guide)
            seeded = dict(held)
            torch.manual_seed(5)
            mine = sum(compiled.module.elbo_parts(seeded, ROWS, guide)[0].values())
            torch.manual_seed(5)
            barren = pyro.poutine.block(
                compiled.module.model, hide=[n for n in ("Y", "S''") if n not in parts]
            )
            pyros = TraceMeanField_ELBO().loss(barren, guide, seeded, ROWS)
        assert float(mine.detach()) * ROWS == pytest.approx(pyros, rel=1e-9)


def test_the_closed_divergence_agrees_with_the_sampled_one():
    compiled = compiled_of(FAIR_K)
    data = rows()
    with isolated(0), torch.no_grad():
        closed = torch.stack(
            [sum(compiled.module.elbo_parts(data)[0].values()) for _ in range(800)]
        )
        sampled = torch.tensor(
            [
                Trace_ELBO().loss(compiled.module.model, compiled.module.guide, data)
                for _ in range(800)
            ]
        )
    difference = closed.mean() - sampled.mean() / ROWS
    error = (closed.var() / 800 + (sampled / ROWS).var() / 800).sqrt()
    assert abs(float(difference)) < 5 * float(error)


def test_a_batch_is_scaled_to_the_table_in_pyros_own_trace():
    compiled = compiled_of(FAIR_K)
    with isolated(0):
        trace = pyro.poutine.trace(compiled.module.model).get_trace(rows(), 70)
        assert trace.nodes["Y"]["scale"] == 10.0


@pytest.mark.parametrize("text", [FAIR_K, EXOC])
def test_the_dependencies_that_pyro_traces_are_the_arrows(text):
    compiled = compiled_of(text)
    with isolated(0):
        found = get_dependencies(compiled.module.model, ({}, 5))["prior_dependencies"]
    for name, parents in compiled.module.PARENTS.items():
        assert set(found[name]) - {name} == set(parents)
        assert set(parents) == set(compiled.scm.graph.predecessors(name))


def test_the_mse_of_a_loss_is_that_of_the_draws():
    compiled = compiled_of(EXOC)
    with isolated(3):
        compiled.module.loss_terms(rows())  # creates the parameters
        torch.manual_seed(4)
        terms, _ = compiled.module.loss_terms(rows())
        torch.manual_seed(4)
        _, drawn = compiled.module.elbo_parts(rows())
    expected = ((drawn["S'"] - drawn["S''"]) ** 2).mean()
    assert torch.equal(terms["control"], expected)


def test_the_objective_weighs_and_balances():
    compiled = compiled_of(EXOC)
    terms = {"elbo": torch.tensor(5.0), "control": torch.tensor(2.0)}
    assert float(compiled.module.objective(terms, 0, {"control": 2.5})) == pytest.approx(11.0)


def test_a_warmed_up_weight_moves_with_the_epoch():
    text = EXOC.replace("gamma * balance(mse(S', S''))", "warmup(0, 1; epochs=4) * mse(S', S'')")
    objective = compiled_of(text).module.objective
    terms = {"elbo": torch.tensor(1.0), "control": torch.tensor(8.0)}
    assert [float(objective(terms, e, {})) for e in (0, 2, 4, 9)] == [1.0, 5.0, 9.0, 9.0]


def test_elbo_weights_multiply_their_parts_and_kl_zero_drops_the_divergence():
    text = FAIR_K + "loss elbo(kl=0, weights={Y: 3, S: 0})\n"
    compiled = compiled_of(text)
    with isolated(0):
        terms, parts = compiled.module.loss_terms(rows())
    expected = parts["G"] + parts["L"] + 3 * parts["Y"]
    assert float(terms["elbo"].detach()) == pytest.approx(float(expected.detach()), rel=1e-12)


def test_a_scheduled_kl_weight_moves_the_divergence_alone():
    compiled = compiled_of(FAIR_K + "loss elbo(kl=warmup(0, 1; epochs=4))\n")
    with isolated(0):
        terms, parts = compiled.module.loss_terms(rows())
        values = [float(compiled.module.objective(terms, e, {}).detach()) for e in (0, 2, 4)]
    whole = float(sum(parts.values()).detach())
    divergence = float(parts["K"].detach())
    assert values == pytest.approx([whole - divergence, whole - divergence / 2, whole])


def test_scales_centre_what_linear_reads_and_unscale_what_it_gives():
    compiled = compiled_of(FAIR_K)
    compiled.set_scales({"Y": (2.0, 3.0)})
    params = {"Y__intercept": torch.tensor(1.0), "Y__K": torch.tensor(0.5), "Y__S": torch.zeros(2)}
    law = compiled.module.given_Y(params, torch.tensor(2.0), torch.tensor(0))
    assert float(law.mean) == pytest.approx(2.0 + 3.0 * (1.0 + 0.5 * 2.0))


# --- families: the emitted law against scipy's ----------------------------------------------

LAWS = [
    ("real", "Normal(1, 2)", 0.3, stats.norm(1, 2)),
    ("real", "Laplace(1, 2)", 0.3, stats.laplace(1, 2)),
    ("real", "StudentT(4, 1, 2)", 0.3, stats.t(4, 1, 2)),
    ("real", "Uniform(-1, 3)", 0.3, stats.uniform(-1, 4)),
    ("positive", "LogNormal(0.5, 0.7)", 1.3, stats.lognorm(0.7, scale=math.exp(0.5))),
    ("positive", "Exponential(2)", 1.3, stats.expon(scale=0.5)),
    ("positive", "Gamma(3, 2)", 1.3, stats.gamma(3, scale=0.5)),
    ("positive", "InverseGamma(3, 2)", 1.3, stats.invgamma(3, scale=2)),
    ("positive", "HalfNormal(2)", 1.3, stats.halfnorm(scale=2)),
    ("positive", "HalfCauchy(2)", 1.3, stats.halfcauchy(scale=2)),
    ("unit", "Beta(2, 3)", 0.3, stats.beta(2, 3)),
    ("binary", "Bernoulli(0.3)", 1.0, stats.bernoulli(0.3)),
    ("count", "Binomial(9, 0.3)", 4.0, stats.binom(9, 0.3)),
    ("count", "Poisson(3.5)", 4.0, stats.poisson(3.5)),
    ("count", "NegativeBinomial(3.5, 2)", 4.0, stats.nbinom(2, 2 / (2 + 3.5))),
]


@pytest.mark.parametrize(("domain", "law", "value", "oracle"), LAWS)
def test_a_familys_parameters_mean_what_the_textbook_says(domain, law, value, oracle):
    compiled = compiled_of(f"scm m\noutcome Y : {domain}\nY ~ {law}\n")
    got = compiled.module.given_Y({}).log_prob(torch.tensor(value, dtype=torch.float64))
    log = oracle.logpmf if domain in ("binary", "count") else oracle.logpdf
    assert float(got) == pytest.approx(float(log(value)), rel=1e-5)


def test_logits_by_level_follow_the_order_of_the_levels():
    text = (
        "scm m\nsensitive S : {a, b, c}\noutcome Y : real\nlatent u\nu -> S\nS -> Y\n"
        "S ~ {c: 2, a: 0, b: u}\n"
    )
    law = compiled_of(text).module.given_S({}, torch.tensor([1.0]))
    expected = torch.log_softmax(torch.tensor([[0.0, 1.0, 2.0]]), -1)
    assert torch.allclose(law.logits.double(), expected.double())


def test_a_table_read_at_a_level_follows_the_order_of_the_levels():
    text = (
        "scm m\nparam t = {b: 5, a: 1}\nsensitive S : {a, b}\noutcome Y : real\nS -> Y\n"
        "S ~ Categorical([0.5, 0.5])\nY ~ Normal(t[S] + t[b], 1)\n"
    )
    law = compiled_of(text).module.given_Y({}, torch.tensor([0, 1]))
    assert law.mean.tolist() == [6.0, 10.0]


DOMAINS = {
    "real": torch.tensor([0.5, -1.0, 2.0, 0.1]),
    "positive": torch.tensor([0.5, 1.0, 2.0, 0.1]),
    "unit": torch.tensor([0.5, 0.9, 0.2, 0.1]),
    "count": torch.tensor([0.0, 3.0, 2.0, 7.0]),
    "binary": torch.tensor([0.0, 1.0, 1.0, 0.0]),
    "{p, q, r}": torch.tensor([0, 2, 1, 1]),
    "{low < mid < high}": torch.tensor([0, 2, 1, 1]),
}


@pytest.mark.parametrize("arrows", ["S, X, K -> V", ""], ids=["with parents", "marginal"])
@pytest.mark.parametrize("domain", DOMAINS)
def test_every_domain_has_a_default_mechanism_with_finite_terms_and_gradients(domain, arrows):
    text = (
        "scm m\nsensitive S : {a, b, c}\nobserved X : real\nlatent K\n"
        f"outcome V : {domain}\nK -> X\nS -> X\n{arrows}\n"
    )
    compiled = compiled_of(text)
    values = DOMAINS[domain]
    value = values if values.dtype == torch.long else values.double()
    data = {"S": torch.tensor([0, 1, 2, 0]), "X": torch.randn(4).double(), "V": value}
    with isolated(0):
        terms, _ = compiled.module.loss_terms(data)
        compiled.module.objective(terms, 0, {}).backward()
        gradients = [v.grad for _, v in pyro.get_param_store().named_parameters()]
        drawn = pyro.poutine.trace(compiled.module.model).get_trace({}, 50).nodes["V"]["value"]
    assert all(g is None or torch.isfinite(g).all() for g in gradients)
    assert torch.isfinite(terms["elbo"])
    assert drawn.shape == (50,)


# --- safety ---------------------------------------------------------------------------------

HOSTILE_TITLE = '\\""" + __import__(\\"os\\").system(\\"true\\") + \\"\\"\\"'


def calls_in(text: str) -> set[str]:
    tree = ast.parse(text)
    return {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}


ALLOWED = ("pyro.", "dist.", "torch.", "F.", "math.", "poutine.", "constraints.")


@pytest.mark.parametrize(
    "level", ['"; import os #', "'''", '"""', "\\n", "{x}", "__class__", "\u202eevil"]
)
def test_no_level_name_reaches_the_module_but_as_a_literal(level):
    quoted = level.replace("\\", "\\\\").replace('"', '\\"')
    text = f'scm m\nsensitive S : {{"{quoted}", b}}\noutcome Y : real "{quoted}"\nS -> Y\n'
    from causaldsl.diagnostics.model import ModelError

    try:
        compiled = compiled_of(text)
    except ModelError:
        return  # refused with a diagnostic, which is as safe
    plain = compiled_of("scm m\nsensitive S : {a, b}\noutcome Y : real\nS -> Y\n")
    assert calls_in(compiled.text) == calls_in(plain.text)


@pytest.mark.parametrize(
    "name", ["lambda", "import", "None", "print", "torch", "p", "data", "dist"]
)
def test_pythons_words_are_ordinary_names(name):
    text = f"scm m\nsensitive S : {{a, b}}\noutcome {name} : real\nS -> {name}\n"
    compiled = compiled_of(text)
    with isolated(0):
        trace = pyro.poutine.trace(compiled.module.model).get_trace({}, 3)
    assert name in trace.nodes


def test_names_that_python_normalises_alike_stay_apart():
    table = mangle(["ﬁ", "fi", "S'", "S_prime"])
    assert len(set(table.values())) == 4


def test_tracebacks_show_the_modules_own_lines():
    module = load_module("def fail():\n    return 1 / 0  # here\n", "m")
    with pytest.raises(ZeroDivisionError) as caught:
        module.fail()
    assert "# here" in "".join(traceback.format_exception(caught.value))
