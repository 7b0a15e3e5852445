"""Every shipped model: checked, canonical, compiled, formatted, loaded, one step of Pyro's SVI."""

import math
import subprocess
import sys
from pathlib import Path

import networkx as nx
import pyro
import pytest
import torch
from pyro import poutine
from pyro.infer import SVI, Trace_ELBO, TraceMeanField_ELBO
from pyro.optim import Adam

from causaldsl import pipeline
from causaldsl.runtime.scope import isolated
from causaldsl.vocabulary.roles import Role
from tests.deep_models import rows_of

ROOT = Path(__file__).parents[1]
MODELS = sorted((ROOT / "models").rglob("*.scm"))
N_ROWS = 12

every_model = pytest.mark.parametrize(
    "path", MODELS, ids=lambda path: str(path.relative_to(ROOT / "models"))
)


#: Without the picture, which is the outcome, the encoder of these reads nothing.
NO_GUIDE = {"cevae_image.scm"}

every_evidence = pytest.mark.parametrize(
    ("path", "which"),
    [
        pytest.param(path, which, id=f"{path.relative_to(ROOT / 'models')}-{which}")
        for path in MODELS
        for which in ("all", "without_outcome")
        if which == "all" or ("\noutcome " in path.read_text("utf-8") and path.name not in NO_GUIDE)
    ],
)


def _loaded(path, which):
    """A shipped model, its module, and rows of the evidence of one guide."""
    compiled = pipeline.compile_scm(path)
    return compiled.scm, compiled.module, _data(compiled.scm, rows_of(compiled, N_ROWS), which)


def _text(path):
    text, findings = pipeline.compile_text(pipeline.checked_scm(path))
    assert findings == ()
    return text


def _data(scm, rows, which):
    """What the guide of that name is given as evidence."""
    given = [n for n in scm.observed if which == "all" or n not in scm.with_role(Role.OUTCOME)]
    data = {name: rows[name] for name in given}
    return {**data, "__row__": torch.arange(N_ROWS)}


def _barren(scm, data):
    """Variables not given that nothing given descends from: generated, never inferred."""
    given = set(data)
    return {v for v in scm.variables if not given & ({v} | nx.descendants(scm.graph, v))}


@pytest.mark.parametrize("name", sorted(NO_GUIDE))
def test_an_encoder_that_would_read_nothing_is_no_guide(name):
    module = pipeline.compile_scm(ROOT / "models" / name).module
    assert set(module.GUIDES) == {"all"}


def test_the_models_that_the_design_names_are_shipped():
    names = {str(path.relative_to(ROOT / "models")) for path in MODELS}
    assert names >= {
        "exoc.scm",
        "fair_k.scm",
        "exoc_adult.scm",
        "fair_k_adult.scm",
        "law_simulated.scm",
        "reference/exoc_released.scm",
        "reference/fair_k_released.scm",
    }


@every_model
def test_a_shipped_model_checks_without_findings(path):
    checked = pipeline.check_file(path)
    assert checked.diagnostics == ()
    assert checked.scm.name == path.stem


@every_model
def test_a_shipped_model_is_in_canonical_form(path):
    before, after, _ = pipeline.format_file(str(path))
    assert after == before


@every_model
def test_a_shipped_model_opens_with_paper_or_graph_data_and_finding(path):
    block = path.read_text("utf-8").split("\nscm ")[0].splitlines()
    assert all(line.startswith("#") for line in block if line)
    heads = {line[2:10].strip() for line in block if line[2:3].isupper()}
    assert {"Data", "Expect"} <= heads
    assert heads & {"Paper", "Graph"}


def _ruff(path, *words):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *words, "--isolated", "--line-length", "100", "-"],
        input=_text(path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@every_model
def test_the_text_of_a_shipped_model_is_formatted(path):
    _ruff(path, "format", "--check")


@every_model
def test_the_text_of_a_shipped_model_has_no_name_too_many_or_too_few(path):
    _ruff(path, "check", "--select", "F")


@every_evidence
def test_pyro_finds_nothing_wrong_in_a_step_of_a_shipped_model(path, which):
    scm, module, data = _loaded(path, which)
    with isolated(0), pyro.validation_enabled(True):
        guided = poutine.trace(module.GUIDES[which]).get_trace(data, N_ROWS).nodes
        model = poutine.block(module.model, hide=_barren(scm, data) - set(guided))
        svi = SVI(model, module.GUIDES[which], Adam({"lr": 1e-3}), Trace_ELBO(num_particles=2))
        assert math.isfinite(svi.step(data, N_ROWS))


@every_evidence
def test_the_guide_of_a_shipped_model_covers_what_the_evidence_leaves_open(path, which):
    scm, module, data = _loaded(path, which)
    with isolated(0):
        guide = poutine.trace(module.GUIDES[which]).get_trace(data, N_ROWS)
        model = poutine.trace(poutine.replay(module.model, guide)).get_trace(data, N_ROWS)
    guided = {name for name in guide.stochastic_nodes if name in scm.variables}
    open_ = {name for name in model.stochastic_nodes if name in scm.variables}
    assert open_ - _barren(scm, data) <= guided <= open_
    model.compute_log_prob()
    for name in scm.variables:
        assert model.nodes[name]["log_prob"].shape == (N_ROWS,)


def _predictors(guide, data):
    """The factors by which a guide's predictors of observed variables learn."""
    torch.manual_seed(1)
    sites = poutine.trace(guide).get_trace(data).nodes.values()
    return [s for s in sites if s["type"] == "sample" and s["infer"].get("is_auxiliary")]


@every_evidence
@pytest.mark.parametrize("estimator", [Trace_ELBO, TraceMeanField_ELBO])
def test_pyros_elbo_is_the_emitted_one_at_the_same_draws(path, which, estimator, monkeypatch):
    """Its value and its gradients; what is not in closed form in both is taken at the draws."""
    scm, module, data = _loaded(path, which)
    inner = module.GUIDES[which]
    with isolated(0):
        module.elbo_parts(data, guide=inner)
        torch.manual_seed(1)
        parts, values = module.elbo_parts(data, guide=inner)
        guided = poutine.trace(inner).get_trace(data).nodes
        latents = [n for n in guided if n in scm.variables]
        if estimator is Trace_ELBO:
            monkeypatch.setattr(module, "CLOSED_KL", ())
        elif not set(latents) <= set(module.CLOSED_KL) or module.GLOBAL:
            return
        torch.manual_seed(1)
        parts, values = module.elbo_parts(data, guide=inner)
        ours = N_ROWS * sum(parts.values())
        ours = ours + sum(s["fn"].log_factor.sum() for s in _predictors(inner, data))
        ours.backward()
        named = dict(pyro.get_param_store().named_parameters())
        slopes = {n: v.grad.clone() for n, v in named.items() if v.grad is not None}
        for value in named.values():
            value.grad = None
        model = poutine.block(module.model, hide=_barren(scm, data) - set(guided))
        torch.manual_seed(1)
        drawn = poutine.trace(inner).get_trace(data).nodes
        for name in latents:
            assert torch.equal(drawn[name]["value"], values[name]), name
        torch.manual_seed(1)
        theirs = estimator().differentiable_loss(model, inner, data)
        theirs.backward()
        assert theirs.item() == pytest.approx(ours.item(), rel=1e-5)
        for name, slope in slopes.items():
            assert torch.allclose(slope, named[name].grad, rtol=1e-5, atol=1e-8), name
