"""The stages in order: one short function per command, nothing else. Read this first.

Text to syntax tree to checked model to IR to Pyro module (`front`); the module and a table to a
fit; a fit and evidence to counterfactuals (`answering`); counterfactuals to a fairness report.
Rooms are imported inside the function that needs them, so that checking a file never waits for
torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from causaldsl.answering import (
    Answerer,
    answerer_of,
    is_fit_file,
    is_numbered,
    numbered,
    simulate,
    whole_number,
    with_guide,
)
from causaldsl.diagnostics.model import (
    CounterfactualError,
    DataError,
    FairnessError,
    InferenceError,
    ModelError,
)
from causaldsl.diagnostics.progress import ProgressCallback, silent
from causaldsl.effects import effects, effects_frame
from causaldsl.front import (
    Checked,
    Overrides,
    check_file,
    check_named,
    check_source,
    checked_scm,
    compile_scm,
    compile_text,
    draw,
    emit_file,
    explain,
    format_file,
    intervened,
    lower_scm,
    summary_line,
)
from causaldsl.pictures import judge_scenes, pictures
from causaldsl.source import SourceFile
from causaldsl.worlds import (
    bound_rows,
    evidence_of,
    generate,
    rows_left_out,
    settled_objective,
)

if TYPE_CHECKING:
    import pandas as pd

    from causaldsl.bench.dcevae import EffectsTable
    from causaldsl.bench.protocols import ModelSource
    from causaldsl.bench.saved_worlds import SavedWorlds
    from causaldsl.bench.scm_models import ScmSource
    from causaldsl.bench.table import FairnessTable
    from causaldsl.counterfactual.query import QueryResult
    from causaldsl.counterfactual.result import CounterfactualResult
    from causaldsl.data.encoded import EncodedData
    from causaldsl.data.encoding import Encoding
    from causaldsl.fairness.audit import FairnessReport
    from causaldsl.fairness.worlds import CounterfactualRows
    from causaldsl.inference.config import FitConfig
    from causaldsl.inference.fitted import FittedScm
    from causaldsl.mitigation.from_scm import ScmPredictor
    from causaldsl.runtime.load import CompiledScm
    from causaldsl.semantics.model import Scm

__all__ = [
    "Answerer",
    "Checked",
    "Overrides",
    "QueryAnswer",
    "answerer_of",
    "audit",
    "check_file",
    "check_named",
    "check_source",
    "checked_scm",
    "compare",
    "compare_effects",
    "compile_scm",
    "compile_text",
    "counterfactual",
    "counterfactual_frame",
    "draw",
    "effects",
    "effects_frame",
    "emit_file",
    "explain",
    "fit",
    "format_file",
    "generate",
    "intervened",
    "is_fit_file",
    "is_numbered",
    "judge_scenes",
    "load_fit",
    "lower_scm",
    "numbered",
    "open_model",
    "pictures",
    "predict",
    "predictors_of",
    "query",
    "read_rows",
    "save_fit",
    "simulate",
    "starter",
    "summary_line",
    "true_worlds",
    "with_guide",
    "with_predictors",
]

# --- fit ------------------------------------------------------------------------------------


def read_rows(table: object) -> pd.DataFrame:
    """Return a table as a pandas frame: a path, or anything with columns."""
    from causaldsl.data.tables import read_table, to_frame

    return read_table(table) if isinstance(table, str | Path) else to_frame(table)


def fit(
    model: Path | str | SourceFile | Scm,
    table: object,
    *,
    overrides: Overrides | None = None,
    words: Mapping[str, object] | None = None,
    method: str = "svi",
    progress: ProgressCallback = silent,
    checkpoint: Path | str | None = None,
    resume: Path | str | None = None,
) -> FittedScm:
    """Return a model fitted to a table, with the regressions of its ``predict`` lines.

    Parameters
    ----------
    words
        What is said on top of the file's `train` line, such as ``{"epochs": 200, "seed": 1}``.
    method
        ``svi``, or ``nuts`` for small models whose unknowns have priors.

    Raises
    ------
    CausalDslError
        When the model, the table or the fit refuses; the diagnostics say why.
    """
    from causaldsl.data.binding import bind
    from causaldsl.data.schema import schema_of

    if method not in ("svi", "nuts"):
        raise ValueError(f"method is svi or nuts, not {method!r}")
    compiled = compile_scm(model, overrides)
    _verify_fittable(compiled.scm)
    data = bind(read_rows(table), schema_of(compiled.scm))
    if method == "nuts":
        from causaldsl.inference.mcmc import sample

        fitted = sample(compiled, data, config=_config(compiled.scm, words), progress=progress)
    else:
        from causaldsl.inference.svi import fit as fit_svi

        fitted = fit_svi(
            compiled, data, config=_config(compiled.scm, words), progress=progress,
            checkpoint=checkpoint, resume=resume,
        )  # fmt: skip
    return with_predictors(fitted, data)


def _config(scm: Scm, words: Mapping[str, object] | None) -> FitConfig:
    from causaldsl.inference.config import configured

    return configured(scm.training.settings, words, span=scm.training.span)


def _verify_fittable(scm: Scm) -> None:
    from causaldsl.ir.lower import lower
    from causaldsl.ir.plan import fit_obstacles

    program, findings = lower(scm)
    found = findings if program is None else fit_obstacles(scm, program)
    if found:
        raise ModelError(found)


def with_predictors(fitted: FittedScm, data: EncodedData) -> FittedScm:
    """Return a fit that holds the regression of each ``predict`` line on the same rows."""
    from causaldsl.bench.scm_models import columns_of
    from causaldsl.mitigation.abducted import features_of, predictor_to_dict, roles_of
    from causaldsl.mitigation.from_scm import fit_scm_predictor

    scm = fitted.compiled.scm
    if not scm.predictions:
        return fitted
    try:
        columns, roles = columns_of(data), roles_of(scm, needs_sensitive=False)
        lines = features_of(fitted.compiled, fitted.params, fitted.state, fitted.result.seed)
        found = tuple(predictor_to_dict(fit_scm_predictor(line, columns, roles)) for line in lines)
    except FairnessError as refusal:  # a fit is too dear to be lost over its predictors
        said = (*fitted.result.diagnostics, *refusal.diagnostics)
        return replace(fitted, result=replace(fitted.result, diagnostics=said))
    return replace(fitted, predictors=found)


def save_fit(fitted: FittedScm, path: Path | str) -> None:
    """Write a fit to one file."""
    from causaldsl.inference.archive import save

    save(fitted, path)


def load_fit(path: Path | str) -> FittedScm:
    """Return a saved fit; its module is compiled anew from the text in the file."""
    from causaldsl.inference.archive import load

    return load(path, compile_scm)


def open_model(
    path: Path | str,
    table: object | None,
    *,
    overrides: Overrides | None = None,
    words: Mapping[str, object] | None = None,
    progress: ProgressCallback = silent,
) -> Answerer:
    """Return whatever can answer: a saved fit, a numbered file, or a file fitted here and now."""
    place = Path(path)
    if is_fit_file(place):
        return answerer_of(load_fit(place))
    scm = checked_scm(place, overrides)
    if is_numbered(scm):
        return numbered(scm)
    if table is None:
        from causaldsl.inference.findings import needs_a_table

        raise InferenceError([needs_a_table(scm.name)])
    fitted = _uninterrupted(fit(scm, table, words=words, progress=progress))
    rows = f"{fitted.result.n_rows:,} rows"
    return answerer_of(fitted, [f"`{place.name}` is no fit: it was fitted first, on these {rows}"])


def starter(
    table: object, *, sensitive: Sequence[str] = (), outcome: str | None = None, name: str = "model"
) -> str:
    """Return the text of a starter model for a table, in the canonical form.

    Raises
    ------
    DataError
        When the table cannot be read, or lacks one of the columns.
    """
    from causaldsl.data.starter import starter_text
    from causaldsl.syntax.parser import parse
    from causaldsl.syntax.printer import print_program

    text = starter_text(read_rows(table), sensitive=sensitive, outcome=outcome, name=name)
    program, _ = parse(SourceFile(path="<starter>", text=text))
    return text if program is None else print_program(program)


def _uninterrupted(fitted: FittedScm) -> FittedScm:
    """Return a fit that something else waits for; half of one is no answer to that."""
    if fitted.result.status == "interrupted":
        raise KeyboardInterrupt
    return fitted


# --- counterfactuals ------------------------------------------------------------------------


def counterfactual(
    model: Answerer,
    table: object,
    do: Sequence[str],
    *,
    evidence: Sequence[str] | None = None,
    draws: int = 200,
    seed: int = 0,
    engine: str | None = None,
    objective: str | None = None,
    progress: ProgressCallback = silent,
) -> tuple[CounterfactualResult, Answerer]:
    """Return what each row would have been in the worlds of `do`, and the model that answered.

    Parameters
    ----------
    evidence
        The observed variables that count as known; every one by default, the outcome too.
    objective
        ``posterior`` or ``encoder``; by default the posterior where an engine is named, else what
        the model's own objective says.
    """
    from causaldsl.counterfactual.action import intervene
    from causaldsl.counterfactual.engine import counterfactual as answer
    from causaldsl.counterfactual.wording import read_interventions

    scm = model.compiled.scm
    names = tuple(scm.observed if evidence is None else dict.fromkeys(evidence))
    _verify_evidence(scm, names)
    intervention = intervene(scm, read_interventions(do, scm))
    whole_number(seed, "seed", 0)
    whole_number(draws, "draws", 1)
    objective = settled_objective(objective, engine)
    frame = read_rows(table)
    data = _rows_as_evidence(model, frame, names, is_asked=evidence is not None)
    ready = with_guide(model, names, seed, progress)
    given = evidence_of(model, frame, data, names)
    result = answer(
        ready.compiled, ready.params, given, intervention, seed=seed, state=ready.state,
        draws=draws, engine=engine, objective=objective, progress=progress,  # type: ignore[arg-type]  # checked by the command line
    )  # fmt: skip
    return result, replace(
        ready,
        remarks=(*ready.remarks, *rows_left_out(data)),
        findings=(*ready.findings, *data.warnings, *result.diagnostics),
    )


def _rows_as_evidence(
    model: Answerer, frame: pd.DataFrame, names: Sequence[str], *, is_asked: bool
) -> EncodedData:
    """Return bound rows; where nobody said what is known, a column that lacks is told apart."""
    from causaldsl.data.findings import as_evidence

    try:
        return bound_rows(model, frame, names)
    except DataError as refusal:
        if is_asked:
            raise
        raise DataError([as_evidence(d) for d in refusal.diagnostics]) from refusal


def _verify_evidence(scm: Scm, names: Sequence[str]) -> None:
    from causaldsl.counterfactual import findings

    found = [
        findings.unknown_variable(n, scm.variables, "evidence")
        if n not in scm.variables
        else findings.unobserved_evidence(n)
        for n in names
        if n not in scm.observed
    ]
    if found:
        raise CounterfactualError(found)


def query(
    model: Answerer, names: Sequence[str] | None = None, *, seed: int = 0, n_rows: int = 100_000
) -> dict[str, QueryAnswer]:
    """Return the values of a model's ``query`` lines, by name, over rows drawn from the model.

    Parameters
    ----------
    names
        Which queries; all of them when not given.

    Raises
    ------
    CounterfactualError
        CD707 for a name that no query has, CD740 where no drawn row has the facts behind a bar.
    """
    from causaldsl.counterfactual.assumptions import assumptions_of_query
    from causaldsl.counterfactual.findings import unknown_query
    from causaldsl.counterfactual.query import answer_query

    scm = model.compiled.scm
    known = {q.name: q.value for q in scm.queries}
    chosen = list(known) if names is None else list(dict.fromkeys(names))
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise CounterfactualError([unknown_query(name, known) for name in unknown])
    whole_number(seed, "seed", 0)
    whole_number(n_rows, "n_rows", 1)
    return {
        name: QueryAnswer(
            result=answer_query(
                model.compiled, model.params, known[name], seed=seed, n_rows=n_rows
            ),
            assumptions=assumptions_of_query(scm, known[name]),
        )
        for name in chosen
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryAnswer:
    """A query's value over drawn rows, and what it rests on."""

    result: QueryResult
    assumptions: tuple[str, ...]


def counterfactual_frame(result: CounterfactualResult) -> pd.DataFrame:
    """Return counterfactuals as a table: ``row, world``, and each variable's summary."""
    import pandas as pd

    from causaldsl.counterfactual.result import to_columns

    return pd.DataFrame(to_columns(result))


# --- predictors, audit, comparison ----------------------------------------------------------


def predictors_of(fitted: FittedScm) -> tuple[ScmPredictor, ...]:
    """Return the predictors that a fit holds.

    Raises
    ------
    FairnessError
        CD814 when the model has no ``predict`` line.
    InferenceError
        CD631 when the file's regressions are not the model's.
    """
    from causaldsl.diagnostics.model import FairnessError
    from causaldsl.inference.findings import foreign_predictors
    from causaldsl.mitigation.abducted import features_of, predictor_from_dict, roles_of
    from causaldsl.mitigation.findings import no_predict_line

    scm = fitted.compiled.scm
    if not fitted.predictors:
        refused = [d for d in fitted.result.diagnostics if d.code.startswith("CD8")]
        raise FairnessError([no_predict_line(scm.name, refused if scm.predictions else None)])
    lines = features_of(fitted.compiled, fitted.params, fitted.state, fitted.result.seed)
    try:
        roles = roles_of(scm, needs_sensitive=False)
        return tuple(predictor_from_dict(p, lines, roles) for p in fitted.predictors)
    except ValueError as error:
        raise InferenceError([foreign_predictors(scm.name, str(error))]) from error


def predict(fitted: FittedScm, table: object) -> pd.DataFrame:
    """Return each predictor's predictions for a table's rows; the outcome is not read.

    Columns: ``row`` (counted from 1), then one for each ``predict`` line. For a binary outcome
    a prediction is the probability of 1. ``attrs["left_out"]`` counts dropped rows by reason.
    """
    import pandas as pd

    from causaldsl.bench.scm_models import columns_of
    from causaldsl.data.binding import bind

    predictors = predictors_of(fitted)
    needed = sorted({name for p in predictors for name in p.features})
    data = bind(
        read_rows(table), fitted.schema, encoding=fitted.encoding, require=needed, what="predict"
    )
    columns = columns_of(data)
    found = {"row": data.row_numbers.numpy()}
    outcome = predictors[0].roles.outcome
    for p in predictors:
        found[f"{outcome} from {p.source.label}"] = p.predict(columns)
    frame = pd.DataFrame(found)
    frame.attrs["left_out"] = {why: n for why, n in data.dropped.items() if n}
    return frame


def audit(
    fitted: FittedScm,
    table: object,
    *,
    draws: int = 50,
    seed: int = 0,
    epsilon: float | None = None,
    metrics: Sequence[str] | None = None,
    progress: ProgressCallback = silent,
) -> FairnessReport:
    """Return how fair a fit's predictors are, beside the baselines, in its own worlds.

    Baselines (Constant, Full, Unaware) are fitted on the audited rows; the fit's own predictors
    keep the regressions of the rows that it was fitted on.
    """
    from causaldsl.bench.scm_models import ScmModel, columns_of
    from causaldsl.data.binding import bind
    from causaldsl.fairness.audit import AuditConfig
    from causaldsl.fairness.audit import audit as run_audit
    from causaldsl.mitigation.abducted import roles_of
    from causaldsl.mitigation.baselines import BASELINES

    _verify_numbers(draws, epsilon)
    whole_number(seed, "seed", 0)
    predictors = predictors_of(fitted)
    frame = read_rows(table)
    data = bind(frame, fitted.schema, encoding=fitted.encoding, what="predict")
    columns, roles = columns_of(data), roles_of(fitted.compiled.scm)
    judge = ScmModel(compiled=fitted.compiled, params=fitted.params, state=fitted.state, seed=seed)
    rows = judge.counterfactual_rows(columns, draws=draws, seed=seed)
    baselines = [make(roles).fit(columns) for make in BASELINES.values()]
    report = run_audit(
        [*baselines, *predictors],
        columns,
        roles,
        rows=rows,
        truth=true_worlds(frame, data, fitted.compiled.scm, fitted.encoding),
        config=AuditConfig(epsilon=epsilon, metrics=tuple(metrics) if metrics else None),
        progress=progress,
    )
    return replace(report, left_out=dict(data.dropped), findings=(*data.warnings, *report.findings))


def true_worlds(
    frame: pd.DataFrame, data: EncodedData, scm: Scm, encoding: Encoding
) -> CounterfactualRows | None:
    """Return the true counterfactual rows that a simulated table holds, None if it holds none."""
    from causaldsl.bench.truth import read_truth

    return read_truth(frame, data, scm, encoding)


def compare(
    models: Sequence[Path | str | Scm],
    table: object,
    *,
    seeds: Sequence[int],
    draws: int = 50,
    world: str | None = None,
    worlds: Path | str | FittedScm | None = None,
    epsilon: float | None = None,
    metrics: Sequence[str] | None = None,
    words: Mapping[str, object] | None = None,
    overrides: Overrides | None = None,
    name: str = "table",
    progress: ProgressCallback = silent,
) -> FairnessTable:
    """Return the table of several models and the baselines over several splits of one table.

    Every model is fitted on each split's training rows alone. `world` names the model in whose
    worlds every method is judged (the first by default); `worlds` is a saved fit that judges
    instead, on every split the same.
    """
    from causaldsl.bench.compare import CompareConfig
    from causaldsl.bench.compare import compare as run_comparison
    from causaldsl.bench.protocols import DataSet
    from causaldsl.bench.scm_models import columns_of
    from causaldsl.data.binding import bind
    from causaldsl.data.schema import schema_of
    from causaldsl.mitigation.abducted import roles_of

    _verify_numbers(draws, epsilon)
    scms = _compared(models, overrides or {})
    for scm in scms:
        _verify_fittable(scm)
    frame = read_rows(table)
    data = bind(frame, schema_of(scms[0]))
    sources: list[ModelSource] = [_source(scm, data, words) for scm in scms]
    if worlds is not None:
        judge = _saved_worlds(worlds)
        sources.append(judge)
        world = judge.name
    found = run_comparison(
        sources,
        DataSet(
            name=name,
            columns=columns_of(data),
            roles=roles_of(scms[0]),
            truth=true_worlds(frame, data, scms[0], data.encoding),
        ),
        CompareConfig(
            seeds=tuple(seeds),
            draws=draws,
            world=world,
            epsilon=epsilon,
            metrics=tuple(metrics) if metrics else None,
        ),
        progress=progress,
    )
    return replace(found, left_out=dict(data.dropped), findings=(*data.warnings, *found.findings))


def compare_effects(
    models: Sequence[Path | str | Scm],
    table: object,
    *,
    seeds: Sequence[int],
    draws: int = 50,
    sensitive: str | None = None,
    strata: Sequence[str] | None = None,
    once: bool = False,
    words: Mapping[str, object] | None = None,
    overrides: Overrides | None = None,
    name: str = "table",
    progress: ProgressCallback = silent,
) -> EffectsTable:
    """Return several models' effects and decoded rows over several splits, by DCEVAE's protocol.

    Parameters
    ----------
    sensitive
        Whose effect; the only sensitive variable when not given.
    strata
        Variables within whose levels effects are averaged; those of binarised Adult when not given
        and there.
    once
        Leave out a second copy of a block of rows at the table's end, and ask classifiers of test
        rows alone.

    Raises
    ------
    FairnessError
        CD808 where the protocol does not apply, CD809 for models that disagree on the table.
    """
    from causaldsl.bench.dcevae import DcevaeConfig
    from causaldsl.bench.dcevae import compare_effects as run_comparison
    from causaldsl.bench.protocols import DataSet
    from causaldsl.bench.scm_models import columns_of
    from causaldsl.data.binding import bind
    from causaldsl.data.schema import schema_of
    from causaldsl.mitigation.abducted import roles_of

    _verify_numbers(draws, None)
    scms = _compared(models, overrides or {})
    for scm in scms:
        _verify_fittable(scm)
    data = bind(read_rows(table), schema_of(scms[0]))
    found = run_comparison(
        [_source(scm, data, words) for scm in scms],
        DataSet(name=name, columns=columns_of(data), roles=roles_of(scms[0])),
        DcevaeConfig(
            seeds=tuple(seeds),
            draws=draws,
            sensitive=sensitive,
            strata=None if strata is None else tuple(strata),
            once=once,
        ),
        progress=progress,
    )
    return replace(
        found,
        left_out={**{why: n for why, n in data.dropped.items() if n}, **found.left_out},
        findings=(*data.warnings, *found.findings),
    )


def _verify_numbers(draws: object, epsilon: object) -> None:
    whole_number(draws, "draws", 1)
    if epsilon is None:
        return
    if isinstance(epsilon, bool) or not isinstance(epsilon, int | float):
        raise TypeError(f"epsilon is a number, not {type(epsilon).__name__}")
    if not 0 <= epsilon < float("inf"):
        raise ValueError(f"epsilon is {epsilon}, expected a difference from 0 upwards")


def _compared(models: Sequence[Path | str | Scm], overrides: Overrides) -> list[Scm]:
    """Return the models to compare; an override is for those that have the param."""
    from causaldsl.semantics.model import Scm

    if not models:
        raise ValueError("there is no model to compare")
    plain = [m if isinstance(m, Scm) else checked_scm(m) for m in models]
    unknown = {n: v for n, v in overrides.items() if not any(n in scm.hyper for scm in plain)}
    if unknown:
        first = next((m for m in models if not isinstance(m, Scm)), None)
        if first is None:
            raise ValueError(f"none of the models has a param {', '.join(unknown)}")
        checked_scm(first, unknown)
    return [
        scm if isinstance(m, Scm) else checked_scm(m, {n: overrides[n] for n in known})
        for m, scm in zip(models, plain, strict=True)
        for known in [[n for n in overrides if n in scm.hyper]]
    ]


def _saved_worlds(saved: Path | str | FittedScm) -> SavedWorlds:
    from causaldsl.bench.saved_worlds import SavedWorlds

    fitted = load_fit(saved) if isinstance(saved, Path | str) else saved
    return SavedWorlds(saved=fitted)


def _source(scm: Scm, data: EncodedData, words: Mapping[str, object] | None) -> ScmSource:
    from causaldsl.bench.scm_models import ScmSource
    from causaldsl.inference.svi import fit as fit_svi

    def run(
        compiled: CompiledScm, rows: EncodedData, seed: int, progress: ProgressCallback
    ) -> FittedScm:
        config = _config(scm, {**(words or {}), "seed": seed})
        return _uninterrupted(fit_svi(compiled, rows, config=config, progress=progress))

    return ScmSource(
        scm=scm, encoding=data.encoding, compile_again=lambda: compile_scm(scm), run_fit=run
    )
