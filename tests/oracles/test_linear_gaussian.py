"""Linear-Gaussian models in closed form, numpy only: I - B, Schur complements, cut systems."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from causaldsl.counterfactual.action import intervene
from causaldsl.counterfactual.engine import counterfactual, world_draws
from tests.models_text import compiled_of


@dataclass(frozen=True)
class Oracle:
    """x = shift + B x + scale * u in topological order, `latent` of them unseen."""

    weights: np.ndarray
    shift: np.ndarray
    scale: np.ndarray
    latent: frozenset[int]

    @property
    def names(self):
        return [f"x{i}" for i in range(len(self.shift))]

    def text(self):
        lines = ["scm generated"]
        for i, name in enumerate(self.names):
            lines.append(f"{'latent' if i in self.latent else 'observed'} {name} : real")
        lines += [
            f"x{j} -> x{i}" for i in range(len(self.shift)) for j in range(i) if self.weights[i, j]
        ]
        for i in range(len(self.shift)):
            terms = [
                f"{float(self.weights[i, j])!r} * x{j}" for j in range(i) if self.weights[i, j]
            ]
            mean = " + ".join([repr(float(self.shift[i])), *terms])
            lines.append(f"x{i} ~ Normal({mean}, {float(self.scale[i])!r})")
        return "\n".join(lines) + "\n"

    def draw(self, rng, n):
        system = np.eye(len(self.shift)) - self.weights
        noise = rng.normal(size=(n, len(self.shift))) * self.scale
        return np.linalg.solve(system, (self.shift + noise).T).T

    def counterfactual(self, seen, values, do):
        """Mean and covariance of every variable under `do`, given the seen ones of one row."""
        size = len(self.shift)
        inverse = np.linalg.inv(np.eye(size) - self.weights)
        prior = np.diag(self.scale**2)
        reads = inverse[seen]  # x_seen = reads (shift + noise)
        gain = prior @ reads.T @ np.linalg.inv(reads @ prior @ reads.T)
        noise = gain @ (values - reads @ self.shift)
        spread = prior - gain @ reads @ prior
        kept = np.array([i not in do for i in range(size)], float)
        cut = np.linalg.inv(np.eye(size) - kept[:, None] * self.weights)
        fixed = np.array([do.get(i, 0.0) for i in range(size)])
        mean = cut @ (kept * (self.shift + noise) + fixed)
        covariance = cut @ (kept[:, None] * spread * kept[None, :]) @ cut.T
        return mean, covariance


def random_oracle(rng, size, n_latent, density=0.4):
    weights = np.tril(rng.normal(size=(size, size)), -1) * (rng.random((size, size)) < density)
    latent = frozenset(rng.choice(size, n_latent, replace=False).tolist())
    return Oracle(
        weights=np.round(weights, 3),
        shift=np.round(rng.normal(size=size), 3),
        scale=np.round(rng.uniform(0.1, 2.0, size), 3),
        latent=latent,
    )


def evidence_of(oracle, rows, seen):
    return {oracle.names[i]: torch.as_tensor(rows[:, i].copy()) for i in seen}


@pytest.mark.parametrize(("seed", "size"), [(0, 3), (1, 6), (2, 12), (3, 20), (4, 30)])
def test_full_evidence_equals_the_closed_form(seed, size):
    rng = np.random.default_rng(seed)
    oracle = random_oracle(rng, size, 0)
    compiled = compiled_of(oracle.text())
    rows = oracle.draw(rng, 5)
    targets = rng.choice(size, min(size, 3), replace=False)
    do = {int(i): round(float(rng.normal(0, 3)), 3) for i in targets}
    result = counterfactual(
        compiled,
        {},
        evidence_of(oracle, rows, range(size)),
        intervene(compiled.scm, {f"x{i}": v for i, v in do.items()}),
        seed=0,
        draws=3,
    )
    assert result.ess is None
    for row in range(5):
        mean, _ = oracle.counterfactual(np.arange(size), rows[row], do)
        for i, name in enumerate(oracle.names):
            got = result.worlds[0].variables[name].mean[row].item()
            assert abs(got - mean[i]) <= 1e-9 * max(1, abs(mean[i]))


@pytest.mark.parametrize("seed", range(12))
def test_partial_evidence_has_the_closed_form_mean_and_covariance(seed):
    rng = np.random.default_rng(100 + seed)
    size = int(rng.integers(3, 9))
    oracle = random_oracle(rng, size, int(rng.integers(1, 3)), density=0.6)
    compiled = compiled_of(oracle.text())
    row = oracle.draw(rng, 1)
    open_ = [i for i in range(size) if i not in oracle.latent]
    seen = sorted(rng.choice(open_, int(rng.integers(1, len(open_) + 1)), replace=False).tolist())
    do = {int(rng.choice(open_)): 1.7}
    _compare(oracle, compiled, row, seen, do, draws=8000)


def _compare(oracle, compiled, row, seen, do, draws, engine=None):
    found = world_draws(
        compiled,
        {},
        evidence_of(oracle, row, seen),
        intervene(compiled.scm, {f"x{i}": v for i, v in do.items()}),
        seed=1,
        draws=draws,
        engine=engine,
    )
    assert found.ess is None or (found.ess > draws / 4).all()
    worth = draws if found.ess is None else float(found.ess.min())
    (values,) = found.worlds.values()
    drawn = np.stack([values[n][:, 0].numpy() for n in oracle.names])
    mean, covariance = oracle.counterfactual(np.array(seen), row[0, seen], do)
    variance = np.clip(np.diag(covariance), 0, None)
    assert np.all(np.abs(drawn.mean(1) - mean) < 5 * np.sqrt(variance / worth) + 1e-9)
    error = np.sqrt((np.outer(variance, variance) + covariance**2) / worth)
    assert np.all(np.abs(np.cov(drawn) - covariance) < 5 * error + 1e-9)


def test_laplace_agrees_with_the_closed_form_too():
    rng = np.random.default_rng(7)
    oracle = random_oracle(rng, 5, 2, density=0.8)
    compiled = compiled_of(oracle.text())
    seen = [i for i in range(5) if i not in oracle.latent]
    _compare(oracle, compiled, oracle.draw(rng, 1), seen, {seen[0]: 0.5}, 8000, engine="laplace")


def test_a_chain_with_variables_that_follow_without_noise():
    # c = 2 a - u exactly: with a unseen, a and u are tied by one equation
    compiled = compiled_of(
        """
        scm tied
        observed a, b, c : real
        latent u
        a -> b, c
        u -> c
        a ~ Normal(1, 2)
        b ~ Normal(a, 0.5)
        u ~ Normal(0, 1)
        c := 2 * a - u
        """.replace("\n        ", "\n")
    )
    b, c, draws = 2.0, 3.0, 20_000
    evidence = {"b": torch.tensor([b]).double(), "c": torch.tensor([c]).double()}
    found = world_draws(
        compiled, {}, evidence, intervene(compiled.scm, {"a": 0.0}), seed=0, draws=draws
    )
    # three independent readings of a: its prior, b, and (c + u) / 2
    precision = 1 / 4 + 1 / 0.25 + 4 / 1
    mean = (1 / 4 * 1 + 4 * b + 4 * c / 2) / precision
    a, u = found.factual["a"][:, 0], found.factual["u"][:, 0]
    assert abs(a.mean().item() - mean) < 5 * (1 / precision / draws) ** 0.5
    assert torch.allclose(2 * a - u, torch.tensor(c).double())
    assert torch.allclose(next(iter(found.worlds.values()))["c"][:, 0], -u)
