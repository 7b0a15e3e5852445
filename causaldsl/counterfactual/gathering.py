"""Chunks of rows in every world, and their draws reduced and joined row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from causaldsl.counterfactual.abduction import Abduction, Evidence
from causaldsl.counterfactual.action import World
from causaldsl.counterfactual.prediction import Summary, summarise
from causaldsl.counterfactual.result import WorldResult
from causaldsl.engines.importance import normalised
from causaldsl.engines.problem import Problem
from causaldsl.ir.networks import event_of
from causaldsl.runtime.load import Values
from causaldsl.semantics.model import Scm
from causaldsl.vocabulary.domains import Categorical, Ordered

#: The name of the world that the evidence is from.
FACTUAL = "factual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some rows in every world: positions in the evidence, the abduction, each world's values.

    `kept` holds, for each world, which of the chunk's rows its values are for.
    """

    positions: Tensor = field(repr=False)
    problem: Problem = field(repr=False)
    abducted: Abduction = field(repr=False)
    worlds: Mapping[str, Values] = field(repr=False)
    kept: Mapping[str, Tensor] = field(repr=False)

    @property
    def weights(self) -> Tensor | None:
        """Importance weights ``(S, N)`` that sum to one; `None` where draws weigh the same."""
        raw = self.abducted.posterior.log_weights
        return None if raw is None else normalised(raw)


@dataclass(slots=True)
class Gathered:
    """Reduced chunks, collected until they are joined row by row."""

    names: tuple[str, ...]
    worlds: tuple[World, ...]
    moving: frozenset[str]
    parts: dict[str, list[tuple[Tensor, dict[str, Summary]]]] = field(default_factory=dict)
    scores: dict[str, list[tuple[Tensor, Tensor]]] = field(default_factory=dict)
    engines: dict[str, str] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    n_rows: int = 0
    draws: int = 0

    def add(self, scm: Scm, evidence: Evidence, chunk: Chunk) -> None:
        """Reduce a chunk's draws and keep the sums."""
        weights, posterior = chunk.weights, chunk.abducted.posterior
        facts = {n: _summary(scm, n, chunk.abducted.values[n], weights) for n in self.names}
        self.parts.setdefault(FACTUAL, []).append((chunk.positions, facts))
        for world in self.worlds:
            kept, values = chunk.kept[world.name], chunk.worlds[world.name]
            own = None if weights is None else weights[:, kept]
            reduced = {
                n: facts[n].rows(kept) if n not in self.moving else _summary(scm, n, values[n], own)
                for n in self.names
            }
            self.parts.setdefault(world.name, []).append((chunk.positions[kept], reduced))
        for key, score in (("ess", posterior.ess), ("unfinished", posterior.unfinished)):
            if score is not None:
                self.scores.setdefault(key, []).append((chunk.positions, score.double()))
        self.engines |= posterior.engines
        self.reasons += posterior.reasons
        self.n_rows, self.draws = evidence.n_rows, chunk.abducted.draws

    def joined(self, key: str) -> Tensor | None:
        """Return a score by row ``(N,)``; rows that were exact count as all their draws."""
        if key not in self.scores:
            return None
        return scattered(self.scores[key], self.n_rows, float(self.draws) if key == "ess" else 0.0)

    def world(self, scm: Scm, name: str, evidence: Evidence) -> WorldResult:
        """Return one world's rows in the order of the table."""
        parts = self.parts.get(name, [])
        if not parts:
            none = {n: torch.zeros(1, 0, *event_of(scm, n)).double() for n in self.names}
            nothing = {n: _summary(scm, n, v, None) for n, v in none.items()}
            rows = torch.zeros(0, dtype=torch.long)
            return WorldResult(name=name, rows=rows, variables=nothing)
        positions = torch.cat([p for p, _ in parts])
        order = positions.argsort()
        variables = {n: _joined([s[n] for _, s in parts], order) for n in self.names}
        return WorldResult(
            name=name, rows=evidence.row_numbers[positions[order]], variables=variables
        )


def _summary(scm: Scm, name: str, values: Tensor, weights: Tensor | None) -> Summary:
    domain = scm.variables[name].domain
    levels = len(domain.levels) if isinstance(domain, Categorical | Ordered) else None
    return summarise(values, weights, levels)


_PARTS = ("mean", "sd", "q05", "q95", "probability")


def _joined(parts: list[Summary], order: Tensor) -> Summary:
    fields: dict[str, list[Any]] = {f: [getattr(p, f) for p in parts] for f in _PARTS}
    whole: dict[str, Any] = {
        f: None if v[0] is None else torch.cat(v)[order] for f, v in fields.items()
    }
    return Summary(**whole)


def scattered(parts: list[tuple[Tensor, Tensor]], n_rows: int, otherwise: float) -> Tensor:
    """Return values by row ``(N,)`` from parts that know their positions."""
    result = torch.full((n_rows,), otherwise, dtype=torch.float64)
    for positions, values in parts:
        result[positions] = values
    return result
