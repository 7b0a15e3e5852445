"""What is true of ``confounded_simulated.scm``: effects in total and by row, by quadrature.

The equations stand here a second time, in numpy, and a test holds the two texts to each other. The
two latents are integrated by the trapezoidal rule on [-9, 9], whose error falls as
exp(-2 pi d / h) with h the step and d the distance of the sigmoids' poles from the real line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: The file's first four numbers.
DEFAULTS: Mapping[str, float] = {"r_to_a": 1.2, "d_to_a": 0.0, "a_to_d": 1.0, "a_to_y": 0.5}

#: By column: intercept, weight of its latent, weight of a (before a_to_d).
R = {"r1": (0.1, 1.8), "r2": (1.0, -1.5), "r3": (-0.5, 1.2)}
D = {
    "d1": (-0.6, 1.6, 1.2),
    "d2": (0.2, -1.4, 0.8),
    "d3": (0.5, 1.5, -0.6),
    "d4": (-0.2, 1.2, 0.3),
    "d5": (0.3, -1.8, 1.0),
    "d6": (-1.0, 1.0, 0.5),
}
COLUMNS = ("a", *R, *D, "y")
STEP, END = 0.15, 9.0


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def of(value: float, probability: Array) -> Array:
    """Return the probability of a binary's value."""
    return probability if value else 1 - probability


@dataclass(frozen=True)
class Truth:
    """The model with its four numbers, on a grid of u_r (down) and u_d (across), ``(G, G)``."""

    r_to_a: float = DEFAULTS["r_to_a"]
    d_to_a: float = DEFAULTS["d_to_a"]
    a_to_d: float = DEFAULTS["a_to_d"]
    a_to_y: float = DEFAULTS["a_to_y"]
    step: float = STEP

    @cached_property
    def points(self) -> Array:
        """Points of one latent ``(G,)``."""
        return np.arange(-END, END + self.step / 2, self.step)

    @cached_property
    def prior(self) -> Array:
        """Weight of each pair of latents ``(G, G)``; they sum to 1."""
        one = np.exp(-0.5 * self.points**2)
        both = np.outer(one, one)
        return both / both.sum()

    def p_a(self, u_r: Array, u_d: Array) -> Array:
        """Return P(a = 1 | u_r, u_d)."""
        return sigmoid(0.4 + self.r_to_a * u_r + self.d_to_a * u_d)

    def p_r(self, name: str, u_r: Array) -> Array:
        """Return P(r_i = 1 | u_r)."""
        start, weight = R[name]
        return sigmoid(start + weight * u_r)

    def p_d(self, name: str, u_d: Array, a: float) -> Array:
        """Return P(d_i = 1 | u_d, a)."""
        start, weight, moved = D[name]
        return sigmoid(start + weight * u_d + moved * self.a_to_d * a)

    def p_y(self, u_r: Array, u_d: Array, a: float, d1: float, d2: float) -> Array:
        """Return P(y = 1 | u_r, u_d, a, d1, d2)."""
        direct = self.a_to_y * (1 + 1.5 * u_d) * a
        return sigmoid(-1.6 + 0.8 * u_r + 0.7 * u_d + direct + 0.8 * d1 + 0.6 * d2)

    # --- on the grid

    @cached_property
    def _grid(self) -> tuple[Array, Array]:
        return self.points[:, None], self.points[None, :]

    def outcome(self, a: float) -> Array:
        """Return P(y = 1 | do(a), u_r, u_d), the noise of d and y averaged ``(G, G)``."""
        u_r, u_d = self._grid
        total = np.zeros_like(self.prior)
        for d1, d2 in product((0.0, 1.0), repeat=2):
            share = of(d1, self.p_d("d1", u_d, a)) * of(d2, self.p_d("d2", u_d, a))
            total += share * self.p_y(u_r, u_d, a, d1, d2)
        return total

    @cached_property
    def effect_given_latents(self) -> Array:
        """E[y[a <- 1] - y[a <- 0] | u_r, u_d] ``(G, G)``."""
        return self.outcome(1.0) - self.outcome(0.0)

    def total_effect(self) -> float:
        """Return E[y[a <- 1]] - E[y[a <- 0]]."""
        return float((self.prior * self.effect_given_latents).sum())

    def observed_difference(self) -> float:
        """Return E[y | a = 1] - E[y | a = 0]."""
        return self._mean(1.0, {}) - self._mean(0.0, {})

    def adjusted_for_r(self) -> float:
        """Return what adjusting for r gives: sum_r P(r) (E[y | 1, r] - E[y | 0, r])."""
        total = 0.0
        for values in product((0.0, 1.0), repeat=len(R)):
            known = dict(zip(R, values, strict=True))
            share = float((self.prior * self._seen(known)).sum())
            total += share * (self._mean(1.0, known) - self._mean(0.0, known))
        return total

    def _seen(self, known: Mapping[str, float]) -> Array:
        """Return the probability of some r given the latents, a column ``(G, 1)`` of the grid."""
        u_r, _ = self._grid
        result = np.ones_like(u_r)
        for name, value in known.items():
            result = result * of(value, self.p_r(name, u_r))
        return result

    def _mean(self, a: float, known: Mapping[str, float]) -> float:
        """Return E[y | a, some r]."""
        weight = self.prior * of(a, self.p_a(*self._grid)) * self._seen(known)
        return float((weight * self.outcome(a)).sum() / weight.sum())

    # --- by row

    def posterior(self, row: Mapping[str, float], *, with_outcome: bool = True) -> Array:
        """Return the weights of the latents given a row ``(G, G)``; they sum to 1."""
        u_r, u_d = self._grid
        a = row["a"]
        weight = self.prior * of(a, self.p_a(u_r, u_d)) * self._seen({n: row[n] for n in R})
        for name in D:
            weight = weight * of(row[name], self.p_d(name, u_d, a))
        if with_outcome:
            weight = weight * of(row["y"], self.p_y(u_r, u_d, a, row["d1"], row["d2"]))
        return weight / weight.sum()

    def unit_effects(self, columns: Mapping[str, object], *, with_outcome: bool = True) -> Array:
        """Return E[y[a <- 1] - y[a <- 0] | the row] of each row ``(N,)``.

        The noise of d and y is drawn anew in both worlds: what a model that abducts its latents
        alone can know, and free of any coupling. Rows that agree are worked out once.
        """
        names = COLUMNS if with_outcome else COLUMNS[:-1]
        table = np.column_stack([np.asarray(columns[name], np.float64) for name in names])
        rows, back = np.unique(table, axis=0, return_inverse=True)
        found = []
        for values in rows:
            row = dict(zip(names, values.tolist(), strict=True))
            weight = self.posterior(row, with_outcome=with_outcome)
            found.append(float((weight * self.effect_given_latents).sum()))
        return np.array(found)[back.reshape(-1)]
