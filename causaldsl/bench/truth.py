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
from causaldsl.semantics.model import Scm, cell_columns
from causaldsl.vocabulary.domains import levels_of
from causaldsl.vocabulary.roles import Role

_TITLE = re.compile(r"^(?P<variable>[^\[\]]+)\[(?P<world>[^\[\]]+)\]$")


def read_truth(
    frame: pd.DataFrame, data: EncodedData, scm: Scm, encoding: Encoding
) -> CounterfactualRows | None:
    """Return the true counterfactual rows of a bound table, None where there are none.

    Columns ``V[world]`` must be there for every observed variable V, ``V1[world]`` and so on for
    the cells of an array; a world's name sets sensitive variables to levels, as in ``S=Black``.
    Other worlds are left aside.
    """
    titles: dict[str, dict[str, str]] = {}
    own = _own_columns(scm, encoding)
    for column in map(str, frame.columns):
        found = _TITLE.match(column)
        if found and found["variable"] in own and _sets_levels(found["world"], scm):
            titles.setdefault(found["world"], {})[own[found["variable"]]] = column
    complete = {w: t for w, t in titles.items() if set(t) == set(own.values())}
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


def _own_columns(scm: Scm, encoding: Encoding) -> dict[str, str]:
    """Return the table's own column of each name that a world's columns have."""
    found: dict[str, str] = {}
    for name in scm.observed:
        size = scm.variables[name].size
        cells = (name,) if size is None else cell_columns(name, size)
        found |= dict(zip(cells, encoding.columns_of(name), strict=True))
    return found


def _set_names(world: str) -> list[str]:
    return [part.split("=")[0].strip() for part in world.split(",")]


def _sets_levels(world: str, scm: Scm) -> bool:
    """Whether a world sets sensitive variables, each to one of its levels."""
    known = {
        f"{name}={level}"
        for name in scm.with_role(Role.SENSITIVE)
        for level in levels_of(scm.variables[name].domain) or ()
    }
    parts = world.split(", ")
    return any(set(many) <= known for many in (parts, [world]))


def _bound(frame: pd.DataFrame, columns: Mapping[str, str], encoding: Encoding) -> dict[str, Any]:
    """Return a world's columns encoded as the table's own are."""
    own = {column: frame[title] for column, title in columns.items()}
    bound = bind(pd.DataFrame(own), encoding.schema, encoding=encoding, what="evidence")
    return {n: v.double().numpy() for n, v in bound.columns.items()}


def _world(name: str, values: Mapping[str, Any], factual: Mapping[str, Any]) -> World:
    assignment = {n: float(values[n][0]) for n in _set_names(name) if n in values}
    differs = np.zeros(len(next(iter(factual.values()))), dtype=bool)
    for n, value in assignment.items():
        differs |= factual[n] != value
    return World(
        name=name,
        assignment=assignment,
        columns={n: v[None, :] for n, v in values.items()},
        differs=differs,
    )
