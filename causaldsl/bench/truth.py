"""True counterfactual rows of a simulated table: columns named ``Y[S=Black]``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from causaldsl.data.binding import bind
from causaldsl.data.encoded import EncodedData
from causaldsl.data.encoding import Encoding
from causaldsl.fairness.worlds import CounterfactualRows, World
from causaldsl.semantics.model import Scm

_TITLE = re.compile(r"^(?P<variable>[^\[\]]+)\[(?P<world>[^\[\]]+)\]$")


def read_truth(
    frame: pd.DataFrame, data: EncodedData, scm: Scm, encoding: Encoding
) -> CounterfactualRows | None:
    """Return the true counterfactual rows of a bound table, None where a world is incomplete.

    Columns ``V[world]`` must be there for every observed variable V; a world's name sets the
    sensitive variables, as in ``S=Black``.
    """
    titles: dict[str, dict[str, str]] = {}
    for column in map(str, frame.columns):
        found = _TITLE.match(column)
        if found and found["variable"] in scm.observed:
            titles.setdefault(found["world"], {})[found["variable"]] = column
    complete = {w: t for w, t in titles.items() if set(t) == set(scm.observed)}
    if not complete:
        return None
    rows = data.row_ids.numpy()
    factual = {n: v.double().numpy() for n, v in data.columns.items()}
    worlds = tuple(
        _world(name, _bound(frame.iloc[rows], columns, encoding), factual)
        for name, columns in complete.items()
    )
    return CounterfactualRows(
        model="the simulator",
        factual=factual,
        worlds=worlds,
        evidence=tuple(scm.observed),
        couplings={},
        draws=1,
        seed=0,
        assumptions=("the table's own true counterfactuals",),
    )


def _bound(frame: pd.DataFrame, columns: Mapping[str, str], encoding: Encoding) -> dict[str, Any]:
    """Return a world's columns encoded as the table's own are."""
    own = {encoding.statistics[name].columns[0]: frame[title] for name, title in columns.items()}
    bound = bind(pd.DataFrame(own), encoding.schema, encoding=encoding, what="evidence")
    return {n: v.double().numpy() for n, v in bound.columns.items()}


def _world(name: str, values: Mapping[str, Any], factual: Mapping[str, Any]) -> World:
    set_names = [part.split("=")[0].strip() for part in name.split(",")]
    assignment = {n: float(values[n][0]) for n in set_names if n in values}
    differs = np.zeros(len(next(iter(factual.values()))), dtype=bool)
    for n, value in assignment.items():
        differs |= factual[n] != value
    return World(
        name=name,
        assignment=assignment,
        columns={n: v[None, :] for n, v in values.items()},
        differs=differs,
    )
