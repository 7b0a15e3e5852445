"""Comparisons and audits as documents. Nothing is computed here but the text of the cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from causaldsl.bench.table import FairnessTable, Summary
from causaldsl.diagnostics.model import Diagnostic
from causaldsl.fairness.audit import FairnessReport, Provenance
from causaldsl.fairness.measures.subject import MetricValue
from causaldsl.fairness.registry import METRICS
from causaldsl.reports.document import Document, Table, figure, spread_figure

ABSENT = "-"
UNIT = ("cf_gap", "cf_gap_p95", "cf_gap_max", "cf_mean_gap", "cf_delta", "cf_delta_max")
PAPER = ("mmd_exoc", "wass_exoc")
GROUP_PAPER = ("group_mmd_exoc", "group_wass_exoc")
BLOCKS = ("prediction", "unit", "distribution", "paper", "group", "group paper", "truth")
NOT_COUNTERFACTUAL = "differences between groups of different people, not counterfactual ones"
PAPER_NOTE = (
    "the paper's scaled quantities: a squared mean difference and an entropic cost whose value for "
    "identical points is 0.633"
)


def document_of_comparison(table: FairnessTable) -> Document:
    """Return the document of a comparison: assumptions, methods by metrics, gains, findings."""
    return Document(
        title=f"{len(table.methods)} methods on {table.data}",
        assumptions=tuple(_comparison_assumptions(table)),
        tables=tuple(_comparison_tables(table)),
        findings=tuple(_comparison_findings(table)),
    )


def document_of_audit(report: FairnessReport) -> Document:
    """Return the document of an audit: assumptions, one table per predictor, findings."""
    tables = [_audit_table(name, values) for name, values in report.values.items()]
    if report.outcome_errors:
        tables.append(_outcome_error_table(report))
    return Document(
        title=f"Fairness of {report.outcome} with respect to {', '.join(report.sensitive)}",
        assumptions=(
            *_provenance_lines(report.provenance),
            *_left_out_lines(report.left_out),
        ),
        tables=tuple(tables),
        findings=tuple(_finding(finding) for finding in report.findings),
    )


# --- assumptions --------------------------------------------------------------------------------


def _comparison_assumptions(table: FairnessTable) -> Iterable[tuple[str, str]]:
    yield "data", f"{table.data}, {table.n_rows} rows"
    yield from _left_out_lines(table.left_out)
    yield "splits", f"{len(table.seeds)}, seeds {', '.join(map(str, table.seeds))}"
    yield "split", table.split
    yield "features", "abducted without the outcome, for training and test rows alike"
    yield "fitted on", "training rows alone: models, predictors, scales"
    yield from table.settings.items()
    yield "common world model", table.common_world or "none"
    for model, provenance in table.provenance.items():
        lines = _world_lines(provenance)
        yield from ((f"{what}, {model}", value) for what, value in lines)


def _left_out_lines(left_out: Mapping[str, int]) -> Iterable[tuple[str, str]]:
    for reason, count in left_out.items():
        if count:
            yield "left out", f"{count:,} row{'' if count == 1 else 's'}: {reason}"


def _provenance_lines(provenance: Provenance) -> Iterable[tuple[str, str]]:
    rows = ", ".join(f"{name} {count}" for name, count in provenance.rows_by_group.items())
    yield "rows", f"{provenance.rows}" + (f" ({rows})" if rows else "")
    yield "world model", provenance.world_model or "none, no counterfactual metrics"
    yield from _world_lines(provenance)
    if provenance.world_model:
        yield "draws per row and world", f"{provenance.draws}, seed {provenance.seed}"
    if provenance.epsilon is not None:
        yield "epsilon", f"{provenance.epsilon:g}"
    if provenance.resamples is not None and provenance.level is not None:
        seed = provenance.resampling_seed
        yield (
            "intervals and floors",
            (f"{provenance.level:.0%}, {provenance.resamples} resamples, seed {seed}"),
        )


def _world_lines(provenance: Provenance) -> Iterable[tuple[str, str]]:
    if not provenance.world_model:
        return
    yield "worlds", ", ".join(provenance.worlds)
    yield "evidence", ", ".join(provenance.evidence)
    couplings = ", ".join(f"{name} {word}" for name, word in provenance.couplings.items())
    yield "noise shared across worlds by", couplings or "nothing is shared"
    for assumption in provenance.assumptions:
        yield "assumption", assumption


# --- comparison ---------------------------------------------------------------------------------


def _comparison_tables(table: FairnessTable) -> Iterable[Table]:
    by_need = _blocks(table.metrics)
    yield _prediction_table(table, by_need["prediction"])
    if table.common_world:
        yield from _world_tables(table, by_need)
    if by_need["group"]:
        yield _block_table(
            table, "Groups", by_need["group"], None, (NOT_COUNTERFACTUAL, *_floor_note(table))
        )
    if by_need["group paper"]:
        notes = (PAPER_NOTE, NOT_COUNTERFACTUAL, *_floor_note(table))
        yield _block_table(table, "EXOC's scale, groups", by_need["group paper"], None, notes)
    if by_need["truth"]:
        world = table.common_world
        title = "Against the true counterfactuals" + (f", gaps of {world}" if world else "")
        yield _block_table(table, title, by_need["truth"], world, ())
    if table.outcome_errors:
        yield _model_error_table(table)


def _blocks(metrics: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the metrics by the table they belong to."""
    blocks: dict[str, list[str]] = {word: [] for word in BLOCKS}
    for name in metrics:
        requires = METRICS[name].requires
        if "truth" in requires:
            blocks["truth"].append(name)
        elif name in GROUP_PAPER:
            blocks["group paper"].append(name)
        elif name in PAPER:
            blocks["paper"].append(name)
        elif "groups" in requires:
            blocks["group"].append(name)
        elif "worlds" in requires:
            blocks["unit" if name in UNIT else "distribution"].append(name)
        else:
            blocks["prediction"].append(name)
    return {word: tuple(names) for word, names in blocks.items()}


def _prediction_table(table: FairnessTable, metrics: tuple[str, ...]) -> Table:
    """Return accuracy by method, and the gain over Constant on the same splits."""
    gained = "Constant" in table.methods and bool(metrics)
    first = metrics[0] if gained else ""
    columns = ("method", *metrics, *((f"{first} gain",) if gained else ()))
    rows = []
    for method in table.methods:
        cells = [_summary_cell(table.summary(method, name)) for name in metrics]
        if gained:
            is_baseline = method == "Constant"
            cells.append(ABSENT if is_baseline else _summary_cell(table.gain(method, first)))
        rows.append((method, *cells))
    note = f"{first} gain: over Constant, paired by split, positive is better" if gained else ""
    return Table(
        title="Prediction, test rows",
        columns=columns,
        rows=tuple(rows),
        notes=(_spread_note(table), *((note,) if note else ())),
    )


def _world_tables(table: FairnessTable, blocks: Mapping[str, tuple[str, ...]]) -> Iterable[Table]:
    """Return the counterfactual tables: all methods in the common world, then each in its own."""
    world = table.common_world
    place = f"in the world of {world}"
    floors = _floor_note(table)
    for word, title, notes in (
        ("unit", "Unit-level gaps", floors),
        ("distribution", "Counterfactual distributions", floors),
        ("paper", "EXOC's scale", (PAPER_NOTE, *floors)),
    ):
        if blocks[word]:
            yield _block_table(table, f"{title}, {place}", blocks[word], world, notes)
    own = {m: model for m, model in table.own_world.items() if model != world}
    metrics = (*blocks["unit"], *blocks["distribution"])
    judged = {(record.method, record.world) for record in table.records}
    rows = tuple(
        (f"{method} in {model}", *(_cell(table, method, name, model) for name in metrics))
        for method, model in own.items()
        if (method, model) in judged
    )
    if rows and metrics:
        yield Table(
            title="Each in its own world",
            columns=("method", *metrics),
            rows=rows,
            notes=floors,
        )


def _block_table(
    table: FairnessTable,
    title: str,
    metrics: tuple[str, ...],
    world: str | None,
    notes: tuple[str, ...],
) -> Table:
    rows = tuple(
        (method, *(_cell(table, method, name, world) for name in metrics))
        for method in table.methods
    )
    return Table(title=title, columns=("method", *metrics), rows=rows, notes=notes)


def _cell(table: FairnessTable, method: str, metric: str, world: str | None) -> str:
    """Return ``mean ± sd [floor]``."""
    cell = _summary_cell(table.summary(method, metric, world))
    floor = table.floor(method, metric, world)
    return cell if floor is None else f"{cell} [{figure(floor, 2)}]"


def _summary_cell(summary: Summary | None) -> str:
    return ABSENT if summary is None else spread_figure(summary.mean, summary.sd)


def _spread_note(table: FairnessTable) -> str:
    n = len(table.seeds)
    return f"mean ± standard deviation over {n} splits" if n > 1 else "one split, no spread"


def _floor_note(table: FairnessTable) -> tuple[str, ...]:
    if not any(record.floor is not None for record in table.records):
        return ()
    return ("in brackets: the noise floor, the figure under random swaps or do(own value)",)


def _model_error_table(table: FairnessTable) -> Table:
    """Return each model's counterfactual outcome error against simulated truth."""
    models = tuple(dict.fromkeys(error.model for error in table.outcome_errors))
    worlds = tuple(dict.fromkeys(error.world for error in table.outcome_errors))
    rows = tuple(
        (model, *(_summary_cell(table.outcome_error(model, world)) for world in worlds))
        for model in models
    )
    return Table(
        title="RMSE of each model's counterfactual outcome against the true one",
        columns=("model", *worlds),
        rows=rows,
        notes=("the model's value is its mean over draws, without a look at the factual outcome",),
    )


def _comparison_findings(table: FairnessTable) -> Iterable[str]:
    for item in table.fit_findings:
        yield f"split {item.seed}, {item.model}: {_finding(item.finding)}"
    for finding in table.findings:
        yield _finding(finding)


def _finding(finding: Diagnostic) -> str:
    place = f" ({finding.place})" if finding.place else ""
    return f"{finding.severity}[{finding.code}]: {finding.message}{place}"


# --- audit --------------------------------------------------------------------------------------


def _audit_table(name: str, values: Mapping[str, MetricValue]) -> Table:
    """Return one predictor's metrics, each with its interval and its floor."""
    rows = tuple(_audit_row(metric, value) for metric, value in values.items())
    columns = ("metric", "estimate", "interval", "floor", "p", "rows", "what")
    notes = tuple(_by_lines(values))
    if any("groups" in METRICS[metric].requires for metric in values):
        notes = (f"group_*: {NOT_COUNTERFACTUAL}", *notes)
    return Table(title=name, columns=columns, rows=rows, notes=notes)


def _audit_row(metric: str, value: MetricValue) -> tuple[str, ...]:
    interval, floor = value.interval, value.floor
    return (
        metric,
        ABSENT if value.estimate is None else figure(value.estimate),
        f"{figure(interval.low)} .. {figure(interval.high)}" if interval else ABSENT,
        figure(floor.upper) if floor else ABSENT,
        f"{floor.p_value:.3f}" if floor and floor.p_value is not None else ABSENT,
        str(value.n_rows),
        METRICS[metric].title,
    )


def _by_lines(values: Mapping[str, MetricValue]) -> Iterable[str]:
    for metric in ("cf_gap", "cf_w1", "group_w1"):
        value = values.get(metric)
        if value is not None and value.by:
            parts = ", ".join(f"{name} {figure(part)}" for name, part in value.by.items())
            yield f"{metric} by {'group' if metric == 'cf_gap' else 'pair'}: {parts}"


def _outcome_error_table(report: FairnessReport) -> Table:
    rows = tuple((world, figure(value)) for world, value in report.outcome_errors.items())
    return Table(
        title="RMSE of the world model's counterfactual outcome against the true one",
        columns=("world", "rmse"),
        rows=rows,
    )
