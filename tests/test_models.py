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
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import Adam

from causaldsl import pipeline
from causaldsl.runtime.load import load_module
from causaldsl.runtime.scope import isolated
from causaldsl.vocabulary.domains import Binary, Categorical, Count, Ordered, Positive, UnitInterval
from causaldsl.vocabulary.roles import Role

ROOT = Path(__file__).parents[1]
MODELS = sorted((ROOT / "models").rglob("*.scm"))
N_ROWS = 12

every_model = pytest.mark.parametrize(
    "path", MODELS, ids=lambda path: str(path.relative_to(ROOT / "models"))
)


def _text(path):
    text, findings = pipeline.compile_text(pipeline.checked_scm(path))
    assert findings == ()
    return text


def _column(domain):
    """Values of every row of one variable, inside its domain."""
    rows = torch.arange(N_ROWS)
    match domain:
        case Categorical(levels) | Ordered(levels):
            return rows % len(levels)
        case Binary():
            return (rows % 2).double()
        case Count():
            return (20 + rows).double()
        case Positive():
            return 0.5 + rows / 3.0
        case UnitInterval():
            return (rows + 0.5) / N_ROWS
        case _:
            return torch.linspace(-1.0, 1.5, N_ROWS, dtype=torch.float64)


def _data(scm, which):
    """What the guide of that name is given as evidence."""
    given = [n for n in scm.observed if which == "all" or n not in scm.with_role(Role.OUTCOME)]
    data = {name: _column(scm.variables[name].domain) for name in given}
    return {**data, "__row__": torch.arange(N_ROWS)}


def _barren(scm, data):
    """Variables not given that nothing given descends from: generated, never inferred."""
    given = set(data)
    return {v for v in scm.variables if not given & ({v} | nx.descendants(scm.graph, v))}


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


@every_model
def test_the_text_of_a_shipped_model_is_formatted(path):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "format",
            "--isolated",
            "--line-length",
            "100",
            "--check",
            "-",
        ],
        input=_text(path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@every_model
@pytest.mark.parametrize("which", ["all", "without_outcome"])
def test_pyro_finds_nothing_wrong_in_a_step_of_a_shipped_model(path, which):
    scm = pipeline.checked_scm(path)
    module = load_module(_text(path), scm.name)
    data = _data(scm, which)
    with isolated(0), pyro.validation_enabled(True):
        guided = poutine.trace(module.GUIDES[which]).get_trace(data, N_ROWS).nodes
        model = poutine.block(module.model, hide=_barren(scm, data) - set(guided))
        svi = SVI(model, module.GUIDES[which], Adam({"lr": 1e-3}), Trace_ELBO(num_particles=2))
        assert math.isfinite(svi.step(data, N_ROWS))


@every_model
@pytest.mark.parametrize("which", ["all", "without_outcome"])
def test_the_guide_of_a_shipped_model_covers_what_the_evidence_leaves_open(path, which):
    scm = pipeline.checked_scm(path)
    module = load_module(_text(path), scm.name)
    data = _data(scm, which)
    with isolated(0):
        guide = poutine.trace(module.GUIDES[which]).get_trace(data, N_ROWS)
        model = poutine.trace(poutine.replay(module.model, guide)).get_trace(data, N_ROWS)
    guided = {name for name in guide.stochastic_nodes if name in scm.variables}
    open_ = {name for name in model.stochastic_nodes if name in scm.variables}
    assert open_ - _barren(scm, data) <= guided <= open_
    model.compute_log_prob()
    for name in scm.variables:
        assert model.nodes[name]["log_prob"].shape == (N_ROWS,)
