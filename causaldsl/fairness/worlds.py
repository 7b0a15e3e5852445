"""Counterfactual rows, and what a predictor says of them.

A world is one assignment of the sensitive variables applied to every row. Its rows are draws from
the row's counterfactual distribution (latents and noise abducted once, the same in every world).
A predictor is re-run on these rows: whatever it abducts, it abducts anew from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.fairness.predictor import (
    BoolArray,
    Columns,
    FloatArray,
    Predictor,
    checked_prediction,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One assignment: the rows it makes, and the rows whose own values it changes.

    `columns` holds ``(S, N)`` draws by rows of every observed variable, ``(S, N, k)`` of an array.
    Where `differs` is false
    the assignment is the row's own value, so its rows should be the facts.
    """

    name: str
    assignment: Mapping[str, float]
    columns: Columns = field(repr=False)
    differs: BoolArray = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterfactualRows:
    """Factual rows, their counterfactual rows in each world, and what was assumed."""

    model: str
    factual: Columns = field(repr=False)
    worlds: tuple[World, ...]
    evidence: tuple[str, ...]
    couplings: Mapping[str, str]
    draws: int
    seed: int
    assumptions: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of factual rows."""
        return len(next(iter(self.factual.values())))


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldPredictions:
    """A predictor's predictions: factual ``(N,)`` and in each world ``(W, S, N)``."""

    names: tuple[str, ...]
    factual: FloatArray = field(repr=False)
    values: FloatArray = field(repr=False)
    differs: BoolArray = field(repr=False)

    @property
    def covers_levels(self) -> bool:
        """Whether exactly one world is each row's own, so that the worlds are all the levels."""
        return bool(np.all((~self.differs).sum(axis=0) == 1))

    def paired(self) -> tuple[tuple[str, ...], FloatArray, tuple[tuple[int, int], ...]]:
        """Return names, predictions ``(K, S, N)`` of the worlds to compare, and the pairs.

        Where the worlds are all the levels, every two of them are a pair; otherwise each world
        is paired with the facts. A row's own world is the factual one (consistency).
        """
        draws = self.values.shape[1]
        factual = np.broadcast_to(self.factual, (draws, len(self.factual)))
        values = np.where(self.differs[:, None, :], self.values, factual)  # (W, S, N)
        if self.covers_levels:
            return self.names, values, tuple(combinations(range(len(self.names)), 2))
        stacked = np.concatenate([factual[None], values])  # (1 + W, S, N)
        pairs = tuple((0, w) for w in range(1, len(stacked)))
        return ("factual", *self.names), stacked, pairs


def predict_worlds(predictor: Predictor, rows: CounterfactualRows) -> WorldPredictions:
    """Return a predictor's predictions on the facts and, re-run, on every counterfactual row."""
    return WorldPredictions(
        names=tuple(world.name for world in rows.worlds),
        factual=checked_prediction(predictor, _read(predictor, rows.factual, rows.model)),
        values=np.stack([_predict_world(predictor, world, rows) for world in rows.worlds]),
        differs=np.stack([world.differs for world in rows.worlds]),
    )


def _predict_world(predictor: Predictor, world: World, rows: CounterfactualRows) -> FloatArray:
    """Return predictions ``(S, N)``; draws and rows are handed over as one long table."""
    shape = (rows.draws, rows.n_rows)
    columns = {
        name: np.broadcast_to(column, (*shape, *column.shape[2:])).reshape(-1, *column.shape[2:])
        for name, column in _read(predictor, world.columns, rows.model).items()
    }
    return checked_prediction(predictor, columns).reshape(shape)


def _read(predictor: Predictor, columns: Columns, model: str) -> Columns:
    """Return only what the predictor reads; a predictor without features gets one column."""
    missing = tuple(name for name in predictor.features if name not in columns)
    if missing:
        raise FairnessError([missing_from_world(predictor.name, missing[0], model)])
    names = predictor.features or tuple(columns)[:1]
    return {name: columns[name] for name in names}


def missing_from_world(predictor: str, variable: str, model: str) -> Diagnostic:
    """CD811: the world model does not generate what the predictor reads."""
    return diagnostic(
        "CD811",
        f"predictor `{predictor}` reads `{variable}`, which world model `{model}` does not have",
        hint="judge it in a world model that declares every feature",
    )
