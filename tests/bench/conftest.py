"""A linear-Gaussian world in numpy: a table, its true counterfactuals, and a fake of its model.

S has three levels, K ~ N(0, 1), G = K + shift[S] + 0.5 noise, Y = K + effect[S] + noise.
"""

from dataclasses import dataclass, field

import numpy as np
import pytest

from causaldsl.bench.protocols import DataSet
from causaldsl.fairness.predictor import Roles
from causaldsl.fairness.worlds import CounterfactualRows, World
from causaldsl.mitigation.from_scm import ScmFeatures
from causaldsl.vocabulary.domains import Categorical, Real

LEVELS = ("White", "Black", "Asian")
SHIFT = np.array([0.0, -1.0, -0.4])
EFFECT = np.array([0.0, -0.5, -0.2])
ROLES = Roles(
    sensitive=("S",),
    features=("G",),
    outcome="Y",
    domains={"S": Categorical(LEVELS), "G": Real(), "Y": Real()},
)


def worlds_of(columns, shift, outcome):
    """Return one world per level; `outcome` maps a level's code to (S, N) outcomes."""
    s = columns["S"].astype(int)
    residual = columns["G"] - shift[s]
    worlds = []
    for code, level in enumerate(LEVELS):
        y = outcome(code)
        worlds.append(
            World(
                name=f"S <- {level}",
                assignment={"S": float(code)},
                columns={
                    "S": np.full(y.shape, float(code)),
                    "G": np.broadcast_to(residual + shift[code], y.shape),
                    "Y": y,
                },
                differs=s != code,
            )
        )
    return tuple(worlds)


@pytest.fixture(name="data")
def make_data():
    rng = np.random.default_rng(0)
    n = 400
    s = rng.integers(0, 3, n)
    k, u_g, u_y = rng.normal(size=(3, n))
    columns = {
        "S": s.astype(float),
        "G": k + SHIFT[s] + 0.5 * u_g,
        "Y": k + EFFECT[s] + u_y,
    }
    truth = CounterfactualRows(
        model="simulator",
        factual=columns,
        worlds=worlds_of(columns, SHIFT, lambda code: (k + EFFECT[code] + u_y)[None]),
        evidence=(),
        couplings={},
        draws=1,
        seed=0,
    )
    return DataSet(name="simulated", columns=columns, roles=ROLES, truth=truth)


@dataclass
class FakeFit:
    """A fitted fake: it believes in `shift`, and knows nothing of the rest."""

    name: str
    shift: np.ndarray
    findings: tuple = ()

    def abduct(self, columns, latents, *, sampled, seed):
        k = (columns["G"] - self.shift[columns["S"].astype(int)]) / 1.25
        return k[:, None]

    @property
    def lines(self):
        line = ScmFeatures(
            model=self.name,
            line=(("K", False),),
            latents=frozenset({"K"}),
            evidence=("S", "G"),
            abduct=self.abduct,
            seed=0,
        )
        return (line,)

    def counterfactual_rows(self, columns, *, draws, seed):
        assert "Y" not in columns, "evidence must not hold the outcome"
        rng = np.random.default_rng(seed)
        k = self.abduct(columns, ("K",), sampled=False, seed=0)[:, 0]
        noise = rng.normal(size=(draws, len(k)))
        return CounterfactualRows(
            model=self.name,
            factual=columns,
            worlds=worlds_of(columns, self.shift, lambda code: k + EFFECT[code] + noise),
            evidence=("S", "G"),
            couplings={"G": "additive", "Y": "additive"},
            draws=draws,
            seed=seed,
        )


@dataclass
class FakeModel:
    """A model file; its fit believes what it was told, and it keeps the rows that it has seen."""

    name: str
    shift: np.ndarray
    roles: Roles = ROLES
    findings: tuple = ()
    seen: list = field(default_factory=list)

    def fit(self, columns, *, seed, progress):
        self.seen.append((seed, columns))
        return FakeFit(name=self.name, shift=self.shift, findings=self.findings)


@pytest.fixture(name="right")
def make_right():
    return FakeModel("right", SHIFT)


@pytest.fixture(name="wrong")
def make_wrong():
    return FakeModel("wrong", np.zeros(3))
