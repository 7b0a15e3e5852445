"""Two blocks that share a cause: the player's weight drives their dependence down, as HSIC sees it.

x and z have one column each that copies a common cause, and one of their own. The latent u sees x
alone and v sees z alone, so that what both keep of the cause makes them dependent. HSIC here is
numpy's, with its own kernels and permutations; the package's plays no part.
"""

import numpy as np
import pandas as pd
import pytest
import torch

from causaldsl.inference.config import FitConfig
from causaldsl.inference.svi import fit
from causaldsl.runtime.scope import isolated

BLOCKS = """scm blocks
observed x[2] : real from "x1" .. "x2"
observed z[2] : real from "z1" .. "z2"
latent u[2], v[2]
u -> x
v -> z
x, z ~ Normal(mlp(parents; hidden=[8]), 0.5)
guide u ~ Normal(mlp(x; hidden=[8]))
guide v ~ Normal(mlp(z; hidden=[8]))
loss apart = WEIGHT * total_correlation(u, v; network=mlp(hidden=[16, 16], activation=leaky_relu))
"""


def rows(n=600):
    rng = np.random.RandomState(0)
    cause = rng.randn(n)
    return pd.DataFrame(
        {
            "x1": cause + 0.3 * rng.randn(n),
            "x2": rng.randn(n),
            "z1": cause + 0.3 * rng.randn(n),
            "z2": rng.randn(n),
        }
    )


def centred_kernel(values):
    squares = ((values[:, None] - values[None]) ** 2).sum(-1)
    centre = np.eye(len(values)) - 1 / len(values)
    return centre @ np.exp(-squares / np.median(squares[squares > 0])) @ centre


def hsic_test(x, y):
    """Return HSIC (V form), its mean over permutations, and the share of these above it."""
    k, other, rng = centred_kernel(x), centred_kernel(y), np.random.default_rng(0)
    orders = [rng.permutation(len(x)) for _ in range(200)]
    null = np.array([(k * other[np.ix_(order, order)]).mean() for order in orders])
    found = (k * other).mean()
    return found, null.mean(), (null >= found).mean()


def dependence(compile_text, encode, weight):
    """Return the HSIC test of draws of u and v for 300 rows, and the KL of each latent."""
    compiled = compile_text(BLOCKS.replace("WEIGHT", str(weight)))
    data = encode(compiled, rows())
    config = FitConfig(
        epochs=80, batch_size=100, learning_rate=0.01, schedule="constant", passes=2, seed=1
    )
    fitted = fit(compiled, data, config=config)
    with isolated(3, fitted.state), torch.no_grad():
        _, draws = compiled.module.elbo_parts(data.batch(), data.n_rows)
    return hsic_test(draws["u"][:300].numpy(), draws["v"][:300].numpy()), fitted.result.kl


@pytest.mark.slow
def test_the_weight_of_the_total_correlation_drives_dependence_down(compile_text, encode):
    (left, null, p), _ = dependence(compile_text, encode, 0)
    assert p == 0
    assert left > 5 * null
    (driven, low, _), kl = dependence(compile_text, encode, 20)
    assert driven - low < 0.2 * (left - null)
    assert min(kl.values()) > 0.3  # what each block has of its own is still there
