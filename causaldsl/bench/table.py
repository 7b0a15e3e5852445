"""The result of a comparison: every value of every split, and their summaries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.fairness.audit import Provenance
from causaldsl.fairness.registry import METRICS


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One metric of one method on one split.

    `world` names the model whose counterfactual rows were used, None where none are. `floor` is
    the upper quantile of the noise floor.
    """

    seed: int
    method: str
    world: str | None
    metric: str
    value: float | None
    floor: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeError:
    """RMSE of a model's counterfactual outcome against the true one, in one world of one split."""

    seed: int
    model: str
    world: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FitFinding:
    """What a fit said of itself on one split."""

    seed: int
    model: str
    finding: Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Mean and standard deviation over the splits that have a value; sd is None for one split."""

    mean: float
    sd: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessTable:
    """Methods by metrics over splits, with what was assumed.

    `left_out` counts the table's rows that were dropped, by reason.
    """

    data: str
    n_rows: int
    split: str
    seeds: tuple[int, ...]
    methods: tuple[str, ...]
    metrics: tuple[str, ...]
    common_world: str | None
    own_world: Mapping[str, str]
    provenance: Mapping[str, Provenance]
    settings: Mapping[str, str]
    records: tuple[Record, ...] = field(repr=False)
    outcome_errors: tuple[OutcomeError, ...] = ()
    fit_findings: tuple[FitFinding, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)

    def values(self, method: str, metric: str, world: str | None = None) -> dict[int, float]:
        """Return the values by seed; `world` is ignored by metrics that use none."""
        wanted = world if "worlds" in METRICS[metric].requires else None
        return {
            r.seed: r.value
            for r in self.records
            if (r.method, r.metric, r.world) == (method, metric, wanted) and r.value is not None
        }

    def summary(self, method: str, metric: str, world: str | None = None) -> Summary | None:
        """Return mean and sd over splits, None where no split has a value."""
        return summarise(self.values(method, metric, world))

    def floor(self, method: str, metric: str, world: str | None = None) -> float | None:
        """Return the noise floor (its upper quantile), averaged over splits."""
        wanted = world if "worlds" in METRICS[metric].requires else None
        floors = [
            r.floor
            for r in self.records
            if (r.method, r.metric, r.world) == (method, metric, wanted) and r.floor is not None
        ]
        return float(np.mean(floors)) if floors else None

    def gain(self, method: str, metric: str, baseline: str = "Constant") -> Summary | None:
        """Return the gain over a baseline, paired by split, positive where the method is better."""
        ours, theirs = self.values(method, metric), self.values(baseline, metric)
        sign = -1.0 if METRICS[metric].lower_is_better else 1.0
        both = ours.keys() & theirs.keys()
        return summarise({seed: sign * (ours[seed] - theirs[seed]) for seed in sorted(both)})

    def outcome_error(self, model: str, world: str) -> Summary | None:
        """Return a model's counterfactual outcome error in one world, over splits."""
        return summarise(
            {e.seed: e.value for e in self.outcome_errors if (e.model, e.world) == (model, world)}
        )


def summarise(values: Mapping[int, float]) -> Summary | None:
    """Return mean and sd (n - 1) of values by seed."""
    if not values:
        return None
    array = np.array(list(values.values()))
    sd = float(array.std(ddof=1)) if len(array) > 1 else None
    return Summary(mean=float(array.mean()), sd=sd, n=len(array))
