"""Many methods on one table: the same splits, the same schema, the same metrics.

For each split every model is fitted on the training rows alone, every predictor too, and the
metrics are read off the test rows. All methods are judged in one common world model, and each
model's own predictors also in their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from causaldsl.bench.protocols import DataSet, FittedModel, ModelSource, check_same_table
from causaldsl.bench.splits import paper_split, take_rows
from causaldsl.bench.table import FairnessTable, FitFinding, OutcomeError, Record
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent
from causaldsl.fairness.audit import (
    AuditConfig,
    Provenance,
    discrete_groups,
    outcome_errors,
    provenance_of,
    subject_of,
)
from causaldsl.fairness.intervals import Resampling
from causaldsl.fairness.measures.subject import MetricValue, Subject
from causaldsl.fairness.predictor import Columns, IntArray, Predictor
from causaldsl.fairness.registry import MetricSpec, evaluate, find_metrics
from causaldsl.fairness.worlds import CounterfactualRows, predict_worlds
from causaldsl.mitigation.baselines import BASELINES
from causaldsl.mitigation.from_scm import fit_scm_predictor

SPLIT = "numpy RandomState(seed) permutation: 80 % training, 10 % validation, 10 % test"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareConfig:
    """The choices of a comparison; every one of them is printed with the table.

    `world` names the common world model (the first one when None). `resampling` None leaves out the
    noise floors.
    """

    seeds: tuple[int, ...]
    draws: int = 50
    metrics: tuple[str, ...] | None = None
    epsilon: float | None = None
    baselines: tuple[str, ...] = tuple(BASELINES)
    world: str | None = None
    own_worlds: bool = True
    resampling: Resampling | None = field(default_factory=Resampling)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is the same on every split."""

    models: tuple[ModelSource, ...]
    data: DataSet
    config: CompareConfig
    common: str | None
    specs: tuple[MetricSpec, ...]
    progress: ProgressCallback


@dataclass(frozen=True, slots=True, kw_only=True)
class _Method:
    """A fitted predictor, the worlds it is judged in, and the model it came from."""

    predictor: Predictor
    worlds: tuple[str, ...]
    model: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _SplitResult:
    methods: tuple[_Method, ...]
    records: tuple[Record, ...]
    errors: tuple[OutcomeError, ...]
    fit_findings: tuple[FitFinding, ...]
    findings: tuple[Diagnostic, ...]
    provenance: Mapping[str, Provenance]


def compare(
    models: Sequence[ModelSource],
    data: DataSet,
    config: CompareConfig,
    *,
    progress: ProgressCallback = silent,
) -> FairnessTable:
    """Return the table of every method on every split.

    Parameters
    ----------
    models
        Model files, fitted anew on the training rows of each split. With none, only the baselines'
        prediction and group metrics are there.
    data
        The table. Models must declare its observed variables alike (CD809).
    """
    plan = _plan(models, data, config, progress)
    results = []
    for done, seed in enumerate(config.seeds):
        progress(Progress(stage=f"split {seed}", done=done, total=len(config.seeds)))
        results.append(_one_split(plan, seed))
    progress(Progress(stage="splits", done=len(config.seeds), total=len(config.seeds)))
    return _table(results, plan)


def _plan(
    models: Sequence[ModelSource],
    data: DataSet,
    config: CompareConfig,
    progress: ProgressCallback,
) -> _Plan:
    """Return the plan; whatever can be refused is refused here, before anything is fitted."""
    names = [model.name for model in models]
    if len(set(names)) < len(names):
        raise ValueError(f"model names must differ, got {names}")
    if config.world is not None and config.world not in names:
        raise ValueError(f"the world model {config.world!r} is none of {names}")
    unknown = [name for name in config.baselines if name not in BASELINES]
    if unknown:
        raise ValueError(f"unknown baselines {unknown}, known are {list(BASELINES)}")
    if not config.seeds or len(set(config.seeds)) < len(config.seeds):
        raise ValueError(f"seeds must be at least one and differ, got {config.seeds}")
    check_same_table(data, tuple(models))
    return _Plan(
        models=tuple(models),
        data=data,
        config=config,
        common=config.world or (names[0] if names else None),
        specs=find_metrics(config.metrics, _available(data, config, bool(models))),
        progress=progress,
    )


def _available(data: DataSet, config: CompareConfig, has_models: bool) -> frozenset[str]:
    """Return what metrics may require here, in the words of `MetricSpec.requires`."""
    groups, _ = discrete_groups(data.columns, data.roles)
    present = {
        f"{data.roles.outcome_kind} outcome": True,
        "worlds": has_models,
        "groups": groups is not None,
        "truth": data.truth is not None,
        "epsilon": config.epsilon is not None,
    }
    return frozenset(word for word, holds in present.items() if holds)


def _one_split(plan: _Plan, seed: int) -> _SplitResult:
    """Return every record of one split; no test row is seen before the metrics."""
    data, config = plan.data, plan.config
    split = paper_split(data.n_rows, seed)
    train, test = take_rows(data.columns, split.train), take_rows(data.columns, split.test)
    fits = {
        model.name: model.fit(train, seed=seed, progress=plan.progress) for model in plan.models
    }
    methods = (*_baselines(plan, train), *_predictors(plan, train, fits))
    wanted = {world for method in methods for world in method.worlds}
    evidence = {name: test[name] for name in (*data.roles.sensitive, *data.roles.features)}
    worlds = {
        name: fit.counterfactual_rows(evidence, draws=config.draws, seed=seed)
        for name, fit in fits.items()
        if name in wanted or data.truth is not None
    }
    truth = take_counterfactual_rows(data.truth, split.test) if data.truth else None
    records, findings = _judge(plan, methods, test, worlds, truth, seed)
    return _SplitResult(
        methods=methods,
        records=records,
        errors=_outcome_errors(worlds, truth, data.roles.outcome, seed),
        fit_findings=tuple(
            FitFinding(seed=seed, model=name, finding=finding)
            for name, fit in fits.items()
            for finding in fit.findings
        ),
        findings=findings,
        provenance=_provenance(plan, worlds, test),
    )


def _baselines(plan: _Plan, train: Columns) -> tuple[_Method, ...]:
    worlds = (plan.common,) if plan.common else ()
    return tuple(
        _Method(predictor=BASELINES[name](plan.data.roles).fit(train), worlds=worlds, model=None)
        for name in plan.config.baselines
    )


def _predictors(
    plan: _Plan, train: Columns, fits: Mapping[str, FittedModel]
) -> tuple[_Method, ...]:
    """Return a method for each ``predict`` line, judged in the common world and in its own."""
    methods = []
    for name, fit in fits.items():
        worlds = [
            world for world in (plan.common, name if plan.config.own_worlds else None) if world
        ]
        for line in fit.lines:
            predictor = fit_scm_predictor(line, train, plan.data.roles)
            methods.append(
                _Method(predictor=predictor, worlds=tuple(dict.fromkeys(worlds)), model=name)
            )
    return tuple(methods)


def _judge(
    plan: _Plan,
    methods: Sequence[_Method],
    test: Columns,
    worlds: Mapping[str, CounterfactualRows],
    truth: CounterfactualRows | None,
    seed: int,
) -> tuple[tuple[Record, ...], tuple[Diagnostic, ...]]:
    """Return the records of every method, without a world and in every world it is judged in."""
    groups, group_names = discrete_groups(test, plan.data.roles)
    factual_specs = tuple(spec for spec in plan.specs if "worlds" not in spec.requires)
    world_specs = tuple(spec for spec in plan.specs if "worlds" in spec.requires)
    records: list[Record] = []
    findings: list[Diagnostic] = []

    def judge(specs: tuple[MetricSpec, ...], subject: Subject, world: str | None) -> None:
        for spec in specs:
            value = evaluate(spec, subject, plan.config.resampling)
            records.append(_record(subject.name, value, seed, world))
            findings.extend(value.findings)

    for method in methods:
        subject = subject_of(
            method.predictor,
            test,
            plan.data.roles,
            groups=groups,
            group_names=group_names,
            rows=None,
            truth=truth,
            epsilon=plan.config.epsilon,
        )
        judge(factual_specs, subject, None)
        for world in method.worlds:
            try:
                predictions = predict_worlds(method.predictor, worlds[world])
            except FairnessError as refusal:
                findings.extend(refusal.diagnostics)
                continue
            judge(world_specs, replace(subject, worlds=predictions), world)
    return tuple(records), tuple(findings)


def _record(method: str, value: MetricValue, seed: int, world: str | None) -> Record:
    return Record(
        seed=seed,
        method=method,
        world=world,
        metric=value.metric,
        value=value.estimate,
        floor=value.floor.upper if value.floor else None,
    )


def take_counterfactual_rows(rows: CounterfactualRows, index: IntArray) -> CounterfactualRows:
    """Return these rows of the facts and of every world."""
    worlds = tuple(
        replace(
            world,
            columns={name: column[:, index] for name, column in world.columns.items()},
            differs=world.differs[index],
        )
        for world in rows.worlds
    )
    return replace(rows, factual=take_rows(rows.factual, index), worlds=worlds)


def _outcome_errors(
    worlds: Mapping[str, CounterfactualRows],
    truth: CounterfactualRows | None,
    outcome: str,
    seed: int,
) -> tuple[OutcomeError, ...]:
    return tuple(
        OutcomeError(seed=seed, model=model, world=world, value=value)
        for model, rows in worlds.items()
        for world, value in outcome_errors(rows, truth, outcome).items()
    )


def _provenance(
    plan: _Plan, worlds: Mapping[str, CounterfactualRows], test: Columns
) -> dict[str, Provenance]:
    groups, group_names = discrete_groups(test, plan.data.roles)
    settings = AuditConfig(epsilon=plan.config.epsilon, resampling=plan.config.resampling)
    n_rows = len(test[plan.data.roles.outcome])
    return {
        name: provenance_of(rows, n_rows, groups, group_names, settings)
        for name, rows in worlds.items()
    }


def _table(results: Sequence[_SplitResult], plan: _Plan) -> FairnessTable:
    """Return the table; provenance is that of the first split, seeds aside the same in all."""
    first = results[0]
    return FairnessTable(
        data=plan.data.name,
        n_rows=plan.data.n_rows,
        split=SPLIT,
        seeds=plan.config.seeds,
        methods=tuple(method.predictor.name for method in first.methods),
        metrics=tuple(spec.name for spec in plan.specs),
        common_world=plan.common,
        own_world={m.predictor.name: m.model for m in first.methods if m.model is not None},
        provenance=first.provenance,
        settings=_settings(plan.config),
        records=tuple(record for result in results for record in result.records),
        outcome_errors=tuple(error for result in results for error in result.errors),
        fit_findings=tuple(finding for result in results for finding in result.fit_findings),
        findings=tuple(dict.fromkeys(f for result in results for f in result.findings)),
    )


def _settings(config: CompareConfig) -> dict[str, str]:
    return {
        "draws per row and world": str(config.draws),
        "epsilon": "none" if config.epsilon is None else f"{config.epsilon:g}",
        "noise floors": _floors(config.resampling),
    }


def _floors(resampling: Resampling | None) -> str:
    if resampling is None:
        return "not drawn"
    drawn = f"{resampling.resamples} resamples, seed {resampling.seed}"
    return f"{resampling.level:.0%} quantile of {drawn}"
