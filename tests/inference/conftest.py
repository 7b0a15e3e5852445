import numpy as np
import pandas as pd
import pytest
import torch

from causaldsl.data.binding import bind
from causaldsl.data.schema import schema_of
from causaldsl.pipeline import compile_scm
from causaldsl.source import SourceFile

REGRESSION = """scm regression
observed X : real
observed Y : real
X -> Y
X ~ Normal(0, 1)
"""

FACTOR = """scm factor
sensitive S : {a, b}
observed G : real
observed L : count
outcome Y : real
latent K
K, S -> G, L, Y
Y ~ Normal(linear(parents), 1)
predict Y from K
"""

PAIR = """scm pair
observed G : real
observed H : real
latent K
K -> G, H
"""


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def compiled_from(text, **hyper):
    return compile_scm(SourceFile(path="model.scm", text=text), hyper)


def encoded(compiled, frame):
    return bind(frame, schema_of(compiled.scm))


def regression_frame(n=200, seed=0):
    rng = np.random.RandomState(seed)
    x = rng.randn(n)
    return pd.DataFrame({"X": x, "Y": 2 + 0.5 * x + 0.3 * rng.randn(n)})


def factor_frame(n=300, seed=0):
    rng = np.random.RandomState(seed)
    s, k = rng.randint(0, 2, n), rng.randn(n)
    return pd.DataFrame(
        {
            "S": np.where(s == 0, "a", "b"),
            "G": 3 + k - 0.5 * s + 0.8 * rng.randn(n),
            "L": rng.poisson(np.exp(2 + 0.3 * k - 0.2 * s)),
            "Y": 0.7 * k - s + rng.randn(n),
        }
    )


def pair_frame(n=200, seed=0):
    rng = np.random.RandomState(seed)
    k = rng.randn(n)
    return pd.DataFrame({"G": k + 0.5 * rng.randn(n), "H": k + 0.5 * rng.randn(n)})


@pytest.fixture
def regression():
    compiled = compiled_from(REGRESSION)
    return compiled, encoded(compiled, regression_frame())


@pytest.fixture
def factor():
    compiled = compiled_from(FACTOR)
    return compiled, encoded(compiled, factor_frame())


@pytest.fixture
def pair():
    compiled = compiled_from(PAIR)
    return compiled, encoded(compiled, pair_frame())


@pytest.fixture
def compile_text():
    return compiled_from


@pytest.fixture
def encode():
    return encoded
