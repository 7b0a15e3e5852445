"""Random deep models: they compile to formatted text, and run under Pyro's validation."""

from __future__ import annotations

import math
import subprocess
import sys

import networkx as nx
import pyro
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyro import poutine
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import Adam

from causaldsl.runtime.scope import isolated
from tests.deep_models import Pass, rows_of
from tests.models_text import compiled_of

SCALARS = ["real", "positive", "unit", "count", "binary", "{p, q, r}", "{low < mid < high}"]
ARRAYS = ["real", "positive", "count", "binary"]
ACTIVATIONS = ["relu", "tanh", "leaky_relu(0.2)", "elu", "gelu", "softplus"]
KERNELS = ["gaussian", "laplace", "energy", "gaussian(0.7)"]


@st.composite
def networks(draw, inputs, *, by=None, out=True):
    """A network over some of the inputs, perhaps through a trunk, perhaps with branches."""
    read = draw(st.permutations(inputs)) if out else list(inputs)
    words = []
    if hidden := draw(st.lists(st.integers(1, 4), max_size=2)):
        words.append(f"hidden=[{', '.join(map(str, hidden))}]")
        words.append(f"activation={draw(st.sampled_from(ACTIVATIONS))}")
        words += draw(st.sampled_from([[], [], ["norm=batch"], ["norm=layer"], ["dropout=0.3"]]))
    words += ["out=tanh"] if draw(st.integers(0, 5)) == 0 else []
    if draw(st.integers(0, 3)) == 0 and len(read) > 1:
        read = [f"mlp({read[0]}; hidden=[{draw(st.integers(1, 3))}])", *read[1:]]
    text = f"mlp({', '.join(read)}{'; ' + ', '.join(words) if words else ''})"
    return f"{text} by {by}" if by and draw(st.booleans()) else text


@st.composite
def deep_models(draw):
    """The text of a model with latents, a sensitive variable, features, networks and losses."""
    lines = ["scm drawn"]
    levels = draw(st.sampled_from(["binary", "{a, b}", "{a, b, c}"]))
    lines.append(f"sensitive S : {levels}")
    latents = [f"u{i}" for i in range(draw(st.integers(1, 3)))]
    sizes = {u: draw(st.sampled_from(["", "[1]", "[3]"])) for u in latents}
    lines += [f"latent {u}{size}" for u, size in sizes.items()]
    features = [f"x{i}" for i in range(draw(st.integers(2, 4)))]
    for name in features:
        size = draw(st.sampled_from(["", "", "[2]"]))
        domain = draw(st.sampled_from(ARRAYS if size else SCALARS))
        lines.append(f"observed {name}{size} : {domain}")
    outcome = draw(st.sampled_from(["real", "binary", "count"]))
    lines.append(f"outcome Y : {outcome}")
    grouped = draw(st.booleans())
    together = features[:2] if grouped else []
    if grouped:
        lines.append(f"group G = {', '.join(together)}")
    lines += [f"{u} -> {', '.join(features)}, Y" for u in latents]
    lines.append(f"S -> {', '.join(dict.fromkeys([*together, features[-1], 'Y']))}")
    parents = {n: [*latents, *(["S"] if n in (*together, features[-1]) else [])] for n in features}
    if grouped:
        lines.append(f"G ~ {draw(networks(parents[together[0]], by=None))}")
    for name in features:
        if name not in together and draw(st.booleans()):
            by = None if "S" not in parents[name] else "S"
            inputs = [p for p in parents[name] if by is None or p != "S"]
            branched = draw(networks(inputs, by=by))
            if by and " by " not in branched:
                branched = draw(networks(parents[name]))
            lines.append(f"{name} ~ {branched}")
    body = draw(networks(latents, by="S"))
    lines.append(f"Y ~ {body if ' by ' in body else draw(networks([*latents, 'S']))}")
    lines += draw(guides(latents, features, outcome))
    lines += draw(losses(latents, features))
    return "\n".join(lines) + "\n"


@st.composite
def guides(draw, latents, features, outcome):
    lines = []
    predicted = outcome != "count" and draw(st.booleans())
    if predicted:
        body = draw(networks(features, by="S"))
        lines.append(f"guide Y ~ {body}" if outcome == "binary" else f"guide Y ~ Normal({body})")
    for k, u in enumerate(latents):
        if draw(st.booleans()):
            continue
        before = draw(st.lists(st.sampled_from(latents[:k]), max_size=1)) if k else []
        y = "sampled(Y)" if predicted and draw(st.booleans()) else "Y"
        body = draw(networks([*features, *before, y], by="S"))
        scale = draw(st.sampled_from(["", "; scale=exp", "; scale=logvar"]))
        lines.append(f"guide {u} ~ Normal({body}{scale})")
    return lines


@st.composite
def losses(draw, latents, features):
    u, x = draw(st.sampled_from(latents)), draw(st.sampled_from(features))
    kernel = draw(st.sampled_from(KERNELS))
    terms = [
        f"mmd({u} by S; kernel={kernel})",
        f"mmd({u}, Normal(0, 1); kernel={kernel})",
        f"mmd({u} by S, Uniform(0, 1); weights=count)",
        f"hsic({u}, ({x}, S); kernel={kernel})",
        f"total_correlation({u}, ({x}, S); network=mlp(hidden=[3]))",
        f"adversary(S from {u}; network=mlp(hidden=[3], norm=batch), steps=2)",
        "mean(abs(E[Y] - E[Y[S <- s']]))",
        f"mse({u}, 0)",
    ]
    chosen = draw(st.lists(st.sampled_from(terms), max_size=3, unique=True))
    lines = [f"loss term{k} = {0.5 + k} * {term}" for k, term in enumerate(chosen)]
    elbo = draw(
        st.sampled_from(["", "elbo(weights={S: 0})", "elbo(kl=0.5)", "elbo(estimator=draws)"])
    )
    return [*([f"loss {elbo}"] if elbo else []), *lines]


def _barren(compiled, data):
    given = set(data)
    graph = compiled.scm.graph
    return {v for v in compiled.scm.variables if not given & ({v} | nx.descendants(graph, v))}


relaxed = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@relaxed
@given(deep_models(), st.integers(0, 3), st.sampled_from([1, 2, 9]))
def test_every_term_of_a_random_deep_model_is_finite_in_training_and_after(text, seed, n):
    compiled = compiled_of(text)
    rows, second = rows_of(compiled, n, seed), rows_of(compiled, n, seed + 1)
    has_second = any("second" in line for line in compiled.text.splitlines() if "def loss" in line)
    more = {"second": second} if has_second else {}
    for training in (True, False):
        found = Pass(compiled, rows, training=training, seed=seed, **more)
        for name, value in found.terms.items():
            assert value.isfinite(), name
        assert all(bool(g.isfinite().all()) for g in found.grads.values())
        assert not any(name.startswith("player.") for name in found.moving)


@relaxed
@given(deep_models(), st.integers(0, 3))
def test_a_random_deep_model_and_its_guides_run_under_pyros_validation(text, seed):
    compiled = compiled_of(text)
    module = compiled.module
    for which, guide in module.GUIDES.items():
        data = {
            n: v for n, v in rows_of(compiled, 5, seed).items() if n in module.GUIDE_EVIDENCE[which]
        }
        with isolated(seed), pyro.validation_enabled(True):
            guided = poutine.trace(guide).get_trace(data).nodes
            model = poutine.block(module.model, hide=_barren(compiled, data) - set(guided))
            svi = SVI(model, guide, Adam({"lr": 1e-3}), Trace_ELBO())
            assert math.isfinite(svi.step(data))
            drawn = poutine.trace(module.model).get_trace({}, 4)
            assert all(len(drawn.nodes[n]["value"]) == 4 for n in compiled.scm.variables)


@settings(relaxed, max_examples=12)
@given(deep_models())
def test_the_text_of_a_random_deep_model_is_formatted_and_made_the_same_again(text):
    made = compiled_of(text).text
    assert compiled_of(text).text == made
    for words in (["format", "--check"], ["check", "--select", "F"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--isolated", "--line-length", "100", "-"],
            input=made,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert torch.get_default_dtype() == torch.float32
