"""What a counterfactual question gives back: numbers by row and world, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from causaldsl.counterfactual.prediction import Summary
from causaldsl.diagnostics.model import Diagnostic
from causaldsl.engines.choose import Objective
from causaldsl.semantics.model import cell_columns
from causaldsl.vocabulary.domains import Categorical, Domain, Image, Ordered


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldResult:
    """One world: its rows' numbers ``(n,)`` and each variable's draws reduced by row and cell."""

    name: str
    rows: Tensor = field(repr=False)
    variables: Mapping[str, Summary] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterfactualResult:
    """Counterfactuals of many rows.

    Parameters
    ----------
    worlds
        The worlds of the intervention; `factual` is the row's own, where unseen variables have
        their posterior.
    ess, rows
        Effective sample size ``(N,)`` of each row's draws (`None`: every engine was exact), and
        all the rows' numbers ``(N,)``.
    couplings
        How each variable that may move shares its noise across worlds.
    objective
        ``posterior`` or ``encoder``: whose draws of the latents these are.
    """

    intervention: str
    worlds: tuple[WorldResult, ...]
    factual: WorldResult
    evidence: tuple[str, ...]
    domains: Mapping[str, Domain] = field(repr=False)
    draws: int
    seed: int
    objective: Objective
    engines: Mapping[str, str]
    reasons: tuple[str, ...]
    couplings: Mapping[str, str]
    ess: Tensor | None = field(repr=False)
    rows: Tensor = field(repr=False)
    assumptions: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]


def to_columns(
    result: CounterfactualResult, *, variables: tuple[str, ...] | None = None
) -> dict[str, list[Any]]:
    """Return the result as columns: ``row``, ``world``, and for each variable V its summary.

    Numbers have ``V``, ``V_sd``, ``V_q05``, ``V_q95``; levels have ``V`` (the most probable one,
    by name) and ``V_p``. The cells of an array V have columns of their own, ``V1``, ``V1_sd`` and
    so on, numbered as the columns that V would be read from; images are left out (`images_of`).
    One entry for each row and world, worlds in order within a row. The unit is the model's, in
    which interventions are written too.

    Parameters
    ----------
    variables
        Which variables; all of them when not given.
    """
    images = images_of(result)
    names = tuple(n for n in variables or tuple(result.domains) if n not in images)
    columns: dict[str, list[Any]] = {"row": [], "world": []}
    owners: dict[str, str] = {"row": "", "world": ""}
    for world in result.worlds:
        columns["row"] += world.rows.tolist()
        columns["world"] += [world.name] * len(world.rows)
        for name in names:
            for title, values in _cells(name, result, world).items():
                key = title
                while owners.setdefault(key, name) != name:  # a variable called `row` or `Y_sd`
                    key += "_"
                columns.setdefault(key, []).extend(values)
    order = sorted(range(len(columns["row"])), key=columns["row"].__getitem__)
    return {key: [values[i] for i in order] for key, values in columns.items()}


def images_of(result: CounterfactualResult) -> tuple[str, ...]:
    """Return the variables that no table holds: images, whose pixels stay in the result."""
    return tuple(n for n, domain in result.domains.items() if isinstance(domain, Image))


def by_cell(name: str, summary: Summary) -> dict[str, Summary]:
    """Return a scalar's summary under its name, and an array's cell by cell under the columns'."""
    if summary.mean.dim() == 1:
        return {name: summary}
    titles = cell_columns(name, summary.mean.shape[1])
    return {title: summary.cell(i) for i, title in enumerate(titles)}


def _cells(name: str, result: CounterfactualResult, world: WorldResult) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for title, summary in by_cell(name, world.variables[name]).items():
        found |= _cell(title, summary, result.domains[name])
    return found


def _cell(name: str, summary: Summary, domain: Domain) -> dict[str, list[Any]]:
    if summary.probability is not None and isinstance(domain, Categorical | Ordered):
        levels = [domain.levels[k] for k in summary.mean.tolist()]
        return {name: levels, f"{name}_p": summary.probability.tolist()}
    cells = {name: summary.mean.tolist()}
    if summary.sd is not None and summary.q05 is not None and summary.q95 is not None:
        cells[f"{name}_sd"] = summary.sd.tolist()
        cells[f"{name}_q05"] = summary.q05.tolist()
        cells[f"{name}_q95"] = summary.q95.tolist()
    return cells
