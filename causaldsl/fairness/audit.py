"""The audit of anything that predicts: every metric that applies, and what it rests on.

The counterfactual rows come from one stated world model. The audit re-runs every predictor on them
and reports what was assumed (evidence, couplings, draws, seed) beside what was found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent
from causaldsl.fairness.intervals import Resampling
from causaldsl.fairness.measures.subject import MetricValue, Subject
from causaldsl.fairness.predictor import (
    Columns,
    FloatArray,
    IntArray,
    OutcomeKind,
    Predictor,
    Roles,
    checked_prediction,
    group_labels,
)
from causaldsl.fairness.registry import evaluate, find_metrics
from causaldsl.fairness.worlds import CounterfactualRows, predict_worlds
from causaldsl.vocabulary.domains import levels_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditConfig:
    """The choices of an audit; every one of them is printed with the result.

    `epsilon` is what counts as a difference for `cf_delta`, in the unit of the prediction; without
    it the metrics that need one are left out. `resampling` None gives estimates without intervals.

    """

    metrics: tuple[str, ...] | None = None
    epsilon: float | None = None
    resampling: Resampling | None = field(default_factory=Resampling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a fairness number rests on."""

    world_model: str | None
    evidence: tuple[str, ...]
    couplings: Mapping[str, str]
    assumptions: tuple[str, ...]
    worlds: tuple[str, ...]
    draws: int
    seed: int | None
    rows: int
    rows_by_group: Mapping[str, int]
    epsilon: float | None
    resamples: int | None
    resampling_seed: int | None
    level: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessReport:
    """Metrics of several predictors on the same rows: ``values[predictor][metric]``.

    `left_out` counts the table's rows that were dropped, by reason.
    """

    sensitive: tuple[str, ...]
    outcome: str
    outcome_kind: OutcomeKind
    provenance: Provenance
    values: Mapping[str, Mapping[str, MetricValue]]
    outcome_errors: Mapping[str, float] = field(default_factory=dict)
    findings: tuple[Diagnostic, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)


def audit(
    predictors: Sequence[Predictor],
    columns: Columns,
    roles: Roles,
    *,
    rows: CounterfactualRows | None = None,
    truth: CounterfactualRows | None = None,
    config: AuditConfig | None = None,
    progress: ProgressCallback = silent,
) -> FairnessReport:
    """Return every metric that applies, for every predictor, on the rows of `columns`.

    Parameters
    ----------
    predictors
        What is judged. They are re-run on counterfactual rows; names must differ.
    columns
        Encoded columns of the rows, the outcome among them.
    rows
        Counterfactual rows of the same rows from the world model; without them only prediction
        and group metrics apply.
    truth
        The true counterfactual rows, where the table was simulated; worlds named as in `rows`.
    """
    settings = config or AuditConfig()
    names = [predictor.name for predictor in predictors]
    if len(set(names)) < len(names):
        raise ValueError(f"predictor names must differ, got {names}")
    groups, group_names = discrete_groups(columns, roles)
    values: dict[str, Mapping[str, MetricValue]] = {}
    for done, predictor in enumerate(predictors):
        progress(Progress(stage=f"auditing {predictor.name}", done=done, total=len(predictors)))
        subject = subject_of(
            predictor,
            columns,
            roles,
            groups=groups,
            group_names=group_names,
            rows=rows,
            truth=truth,
            epsilon=settings.epsilon,
        )
        specs = find_metrics(settings.metrics, subject.has)
        values[predictor.name] = {
            spec.name: evaluate(spec, subject, settings.resampling) for spec in specs
        }
    progress(Progress(stage="auditing", done=len(predictors), total=len(predictors)))
    return FairnessReport(
        sensitive=roles.sensitive,
        outcome=roles.outcome,
        outcome_kind=roles.outcome_kind,
        provenance=provenance_of(rows, len(columns[roles.outcome]), groups, group_names, settings),
        values=values,
        outcome_errors=outcome_errors(rows, truth, roles.outcome),
        findings=_findings(values),
    )


def discrete_groups(columns: Columns, roles: Roles) -> tuple[IntArray | None, tuple[str, ...]]:
    """Return groups by the sensitive variables that have levels, None where there are none."""
    discrete = tuple(name for name in roles.sensitive if levels_of(roles.domains[name]))
    return group_labels(columns, roles, discrete) if discrete else (None, ())


def subject_of(
    predictor: Predictor,
    columns: Columns,
    roles: Roles,
    *,
    groups: IntArray | None,
    group_names: tuple[str, ...],
    rows: CounterfactualRows | None,
    truth: CounterfactualRows | None,
    epsilon: float | None,
) -> Subject:
    """Return a predictor's subject: its predictions on the facts and in every world."""
    readable = {name: columns[name] for name in (*roles.sensitive, *roles.features)}
    return Subject(
        name=predictor.name,
        outcome=columns[roles.outcome],
        outcome_kind=roles.outcome_kind,
        predicted=checked_prediction(predictor, readable),
        worlds=predict_worlds(predictor, rows) if rows else None,
        groups=groups,
        group_names=group_names,
        truth=predict_worlds(predictor, truth) if truth else None,
        epsilon=epsilon,
    )


def provenance_of(
    rows: CounterfactualRows | None,
    n_rows: int,
    groups: IntArray | None,
    group_names: tuple[str, ...],
    config: AuditConfig,
) -> Provenance:
    """Return what the numbers rest on."""
    counts = [] if groups is None else np.bincount(groups, minlength=len(group_names)).tolist()
    resampling = config.resampling
    return Provenance(
        world_model=rows.model if rows else None,
        evidence=rows.evidence if rows else (),
        couplings=rows.couplings if rows else {},
        assumptions=rows.assumptions if rows else (),
        worlds=tuple(world.name for world in rows.worlds) if rows else (),
        draws=rows.draws if rows else 0,
        seed=rows.seed if rows else None,
        rows=n_rows,
        rows_by_group=dict(zip(group_names, counts, strict=True)),
        epsilon=config.epsilon,
        resamples=resampling.resamples if resampling else None,
        resampling_seed=resampling.seed if resampling else None,
        level=resampling.level if resampling else None,
    )


def outcome_errors(
    rows: CounterfactualRows | None, truth: CounterfactualRows | None, outcome: str
) -> dict[str, float]:
    """Return the RMSE of the world model's counterfactual outcome against the true one, by world.

    The model's value is the mean over draws; rows are those that the world changes. Worlds that no
    row changes, and models that do not generate the outcome, have no entry.
    """
    if rows is None or truth is None:
        return {}
    true = {world.name: world for world in truth.worlds}
    errors: dict[str, float] = {}
    for world in rows.worlds:
        same = true.get(world.name)
        if same is None or outcome not in world.columns or not world.differs.any():
            continue
        error = _mean_draw(world.columns[outcome]) - _mean_draw(same.columns[outcome])
        errors[world.name] = float(np.sqrt(np.mean(error[world.differs] ** 2)))
    return errors


def _mean_draw(values: FloatArray) -> FloatArray:
    return np.asarray(values.mean(axis=0))


def _findings(values: Mapping[str, Mapping[str, MetricValue]]) -> tuple[Diagnostic, ...]:
    """Return each finding once, in order of appearance."""
    found = [
        finding
        for by_metric in values.values()
        for value in by_metric.values()
        for finding in value.findings
    ]
    return tuple(dict.fromkeys(found))
