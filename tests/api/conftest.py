import numpy as np
import pandas as pd
import pytest

import causaldsl

SMALL = """scm small "A small model"
param pull = 1
sensitive S : {a, "b-c"} from "group"
observed  G : real
outcome   Y : real
latent    K
S, K -> G, Y
G ~ Normal(pull*linear(parents), 1)
Y ~ Normal(linear(parents), 1)
predict Y from K
"""

NUMBERED = """scm numbered
param shift = {a: 0, "b-c": 1, "d, e": 2}
sensitive S : {a, "b-c", "d, e"}
observed  X : real
outcome   Y : real
S -> X -> Y
X ~ Normal(shift[S], 1)
Y ~ Normal(2*X, 1)
S ~ Categorical([0.5, 0.3, 0.2])
"""


def small_frame(n=60, seed=0):
    rng = np.random.RandomState(seed)
    group = np.where(rng.rand(n) < 0.5, "a", "b-c")
    k = rng.randn(n)
    return pd.DataFrame({"group": group, "G": k + rng.randn(n), "Y": k + rng.randn(n)})


@pytest.fixture(scope="session")
def frame():
    return small_frame()


@pytest.fixture(scope="session")
def fit(frame):
    return causaldsl.loads(SMALL).fit(frame, epochs=4, passes=2)


@pytest.fixture(scope="session")
def numbered():
    return causaldsl.loads(NUMBERED)
