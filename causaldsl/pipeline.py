"""The stages in order: one short function per command, nothing else. Read this first.

Text to syntax tree to checked model to IR to Pyro module; the module and a table to a fit; a fit
and evidence to counterfactuals; counterfactuals to a fairness report. Rooms are imported inside
the function that needs them, so that checking a file never waits for torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causaldsl.diagnostics.model import (
    CounterfactualError,
    Diagnostic,
    InferenceError,
    ModelError,
)
from causaldsl.diagnostics.progress import ProgressCallback, silent
from causaldsl.source import SourceFile

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from causaldsl.bench.scm_models import ScmSource
    from causaldsl.bench.table import FairnessTable
    from causaldsl.counterfactual.result import CounterfactualResult
    from causaldsl.data.encoded import EncodedData
    from causaldsl.data.encoding import Encoding
    from causaldsl.drawing.picture import Format
    from causaldsl.drawing.theme import Theme
    from causaldsl.fairness.audit import FairnessReport
    from causaldsl.fairness.worlds import CounterfactualRows
    from causaldsl.inference.config import FitConfig
    from causaldsl.inference.fitted import FittedScm
    from causaldsl.ir.nodes import GuideProgram, Objective
    from causaldsl.ir.nodes import Program as IrProgram
    from causaldsl.mitigation.from_scm import ScmPredictor
    from causaldsl.runtime.load import CompiledScm
    from causaldsl.semantics.model import Scm
    from causaldsl.syntax import nodes
    from causaldsl.syntax.nodes import Program

Overrides = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A file read, parsed and checked; `scm` is None when there are errors."""

    program: Program | None
    scm: Scm | None
    diagnostics: tuple[Diagnostic, ...]


# --- text -----------------------------------------------------------------------------------


def check_source(source: SourceFile, overrides: Overrides | None = None) -> Checked:
    """Parse and check a text."""
    from causaldsl.semantics.check import check
    from causaldsl.syntax.parser import parse

    program, syntax = parse(source)
    if program is None:
        return Checked(program=None, scm=None, diagnostics=syntax)
    scm, semantic = check(program, source, overrides=dict(overrides or {}))
    failed = any(d.severity == "error" for d in syntax)
    return Checked(program=program, scm=None if failed else scm, diagnostics=(*syntax, *semantic))


def check_file(path: Path | str, overrides: Overrides | None = None) -> Checked:
    """Read, parse and check a file."""
    from causaldsl.syntax.parser import read_source

    source, findings = read_source(path)
    if source is None:
        return Checked(program=None, scm=None, diagnostics=findings)
    return check_source(source, overrides)


def checked_scm(model: Path | str | SourceFile, overrides: Overrides | None = None) -> Scm:
    """Return the checked model of a file or a text.

    Raises
    ------
    ModelError
        With every finding, when the model is wrong.
    """
    checked = (
        check_source(model, overrides)
        if isinstance(model, SourceFile)
        else check_file(model, overrides)
    )
    if checked.scm is None:
        raise ModelError(checked.diagnostics)
    return checked.scm


def summary_line(path: Path, checked: Checked) -> str:
    """Return one line about a model that passed its checks."""
    scm = checked.scm
    if scm is None:
        return f"{path}: not a model"
    warnings = sum(d.severity == "warning" for d in checked.diagnostics)
    proved = sum(c.holds is True for c in scm.claims)
    said = [
        f"{len(scm.observed)} observed and {len(scm.unobserved)} unobserved variables",
        f"{scm.graph.number_of_edges()} arrows",
    ]
    said += [f"{proved} of {len(scm.claims)} claims proved"] if scm.claims else []
    said += [f"{warnings} warning{'s' if warnings > 1 else ''}"] if warnings else []
    return f"{path}: ok ({', '.join(said)})"


def format_file(name: str) -> tuple[str, str | None, tuple[Diagnostic, ...]]:
    """Return a file's text, its canonical form (None when it does not parse), and findings."""
    import sys

    from causaldsl.syntax.parser import parse, read_source
    from causaldsl.syntax.printer import print_program

    if name == "-":
        source: SourceFile | None = SourceFile(path="<stdin>", text=sys.stdin.read())
        findings: tuple[Diagnostic, ...] = ()
    else:
        source, findings = read_source(name)
    if source is None:
        return "", None, findings
    program, findings = parse(source)
    if program is None or any(d.severity == "error" for d in findings):
        return source.text, None, findings
    return source.text, print_program(program), findings


def explain(code: str) -> str | None:
    """Return the page of a diagnostic code, or the list of all codes for ``all``."""
    from causaldsl.diagnostics.codes import CODES
    from causaldsl.diagnostics.pages import page_of

    if code.lower() == "all":
        return "\n".join(f"{c.code}  {c.severity:7}  {c.title}" for c in CODES.values())
    return page_of(code.upper()) if code.upper() in CODES else None


# --- pictures -------------------------------------------------------------------------------


def draw(
    scm: Scm,
    fmt: Format,
    *,
    do: Sequence[str] = (),
    twin: bool = False,
    theme: Theme = "auto",
    use_dot: bool | None = None,
) -> bytes:
    """Return a picture of the model's graph."""
    from causaldsl.counterfactual.findings import unknown_variable
    from causaldsl.drawing.picture import render

    missing = [name for name in do if name not in scm.variables]
    if missing:
        raise CounterfactualError([unknown_variable(n, scm.variables, "`--do`") for n in missing])
    return render(
        scm.graph, fmt, title=scm.title or scm.name, do=tuple(do), twin=twin, theme=theme,
        use_dot=use_dot,
    )  # fmt: skip


# --- compile --------------------------------------------------------------------------------


def compile_text(scm: Scm) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """Return the text of the Pyro module of a model, or what refuses to compile."""
    from causaldsl.codegen.pyro_module import emit
    from causaldsl.version import VERSION

    stages, findings = lower_scm(scm)
    if stages is None:
        return None, findings
    program, guides, objective = stages
    return emit(program, guides, objective, VERSION), findings


def lower_scm(
    scm: Scm,
) -> tuple[tuple[IrProgram, tuple[GuideProgram, ...], Objective] | None, tuple[Diagnostic, ...]]:
    """Return ``(program, guides, objective)`` in IR, or None with the refusals."""
    from causaldsl.ir.guide import derive_guides
    from causaldsl.ir.lower import lower
    from causaldsl.ir.objective import lower_objective
    from causaldsl.ir.verify import verify

    program, findings = lower(scm)
    objective, more = lower_objective(scm)
    if program is None:
        return None, (*findings, *more)
    guides, guide_findings = derive_guides(scm, verify(program))
    if objective is None or guide_findings:
        return None, (*more, *guide_findings)
    return (program, guides, objective), ()


def emit_file(
    path: Path, stage: str, overrides: Overrides | None = None
) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """Return one stage of a file as text: python, ast, scm, ir or guide."""
    checked = check_file(path, overrides)
    if checked.program is None or (checked.scm is None and stage != "ast"):
        return None, checked.diagnostics
    if stage == "ast":
        from causaldsl.syntax.dump import dump

        return dump(checked.program) + "\n", checked.diagnostics
    assert checked.scm is not None
    if stage == "scm":
        from causaldsl.semantics.printer import print_scm

        return print_scm(checked.scm), checked.diagnostics
    if stage == "python":
        text, findings = compile_text(checked.scm)
        return text, (*checked.diagnostics, *findings)
    from causaldsl.ir.printer import print_guides, print_program

    stages, findings = lower_scm(checked.scm)
    if stages is None:
        return None, (*checked.diagnostics, *findings)
    program, guides, objective = stages
    shown = print_guides(guides) if stage == "guide" else print_program(program, objective)
    return shown, checked.diagnostics


def compile_scm(
    model: Path | str | SourceFile | Scm, overrides: Overrides | None = None
) -> CompiledScm:
    """Return a model compiled and loaded, ready to fit or to simulate.

    Raises
    ------
    ModelError
        When the model is wrong, or holds what this version does not compile.
    """
    from causaldsl.runtime.load import CompiledScm, load_module
    from causaldsl.semantics.model import Scm

    scm = model if isinstance(model, Scm) else checked_scm(model, overrides)
    text, findings = compile_text(scm)
    if text is None:
        raise ModelError(findings)
    return CompiledScm(scm=scm, text=text, module=load_module(text, scm.name))


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
    if not scm.predictions or data.observed:
        return fitted
    columns, roles = columns_of(data), roles_of(scm)
    lines = features_of(fitted.compiled, fitted.params, fitted.state, fitted.result.seed)
    found = tuple(predictor_to_dict(fit_scm_predictor(line, columns, roles)) for line in lines)
    return replace(fitted, predictors=found)


def save_fit(fitted: FittedScm, path: Path | str) -> None:
    """Write a fit to one file."""
    from causaldsl.inference.archive import save

    save(fitted, path)


def load_fit(path: Path | str) -> FittedScm:
    """Return a saved fit; its module is compiled anew from the text in the file."""
    from causaldsl.inference.archive import load

    return load(path, compile_scm)


# --- a model that answers -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """A model whose every number is known, by a fit or by its file, and what was done for it.

    `state` holds the guides' parameters, None where there are none. `remarks` are sentences that
    stand above every answer.
    """

    compiled: CompiledScm
    params: Mapping[str, Tensor]
    state: Mapping[str, Any] | None
    encoding: Encoding
    remarks: tuple[str, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    fitted: FittedScm | None = None


def answerer_of(fitted: FittedScm, remarks: Sequence[str] = ()) -> Answerer:
    """Return a fit as a model that answers."""
    return Answerer(
        compiled=fitted.compiled,
        params=fitted.params,
        state=fitted.state,
        encoding=fitted.encoding,
        remarks=tuple(remarks),
        findings=fitted.result.diagnostics,
        fitted=fitted,
    )


def is_fit_file(path: Path) -> bool:
    """Whether a file is a saved fit rather than a model's text: by its first bytes."""
    try:
        with path.open("rb") as stream:
            return stream.read(2) == b"PK"
    except OSError:
        return path.suffix == ".fit"


def is_numbered(scm: Scm) -> bool:
    """Whether every number of a model is given in its file."""
    from causaldsl.ir.lower import lower
    from causaldsl.ir.plan import needs_no_fit

    program, findings = lower(scm)
    if program is None:
        raise ModelError(findings)
    return needs_no_fit(program)


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
    fitted = fit(scm, table, words=words, progress=progress)
    rows = f"{fitted.result.n_rows:,} rows"
    return answerer_of(fitted, [f"`{place.name}` is no fit: it was fitted first, on these {rows}"])


def numbered(scm: Scm) -> Answerer:
    """Return a model whose file gives every number; nothing is fitted."""
    from causaldsl.data.encoding import plain_encoding
    from causaldsl.data.schema import schema_of

    return Answerer(
        compiled=compile_scm(scm),
        params={},
        state=None,
        encoding=plain_encoding(schema_of(scm)),
        remarks=("every number is given in the file: nothing was fitted",),
    )


#: Rows that a numbered file simulates to learn its guide from.
GUIDE_ROWS = 10_000


def with_guide(
    model: Answerer, evidence: Sequence[str], seed: int, progress: ProgressCallback = silent
) -> Answerer:
    """Return a numbered model with its guide learned, where its evidence needs one.

    A guide is learned only where a guide of the file reads exactly this evidence and no exact
    engine applies; the rows are the file's own simulation.
    """
    from causaldsl.engines.choose import is_exact_for
    from causaldsl.inference.svi import fit_guide

    if model.state is not None:
        return model
    module = model.compiled.module
    name = next((g for g, e in module.GUIDE_EVIDENCE.items() if set(e) == set(evidence)), None)
    if name is None:
        return model
    data = simulated_rows(model, GUIDE_ROWS, seed)
    if is_exact_for(model.compiled, model.params, data.only(tuple(evidence)).batch()):
        return model
    model.compiled.set_scales({n: (c, s) for n, (c, s) in data.encoding.scales().items()})
    state, record = fit_guide(
        model.compiled, {"params": {}, "constraints": {}}, data, name, progress=progress
    )
    remark = (
        f"the guide was learned from {GUIDE_ROWS:,} rows that the file simulated ({record.reason})"
    )
    return replace(model, state=state, remarks=(*model.remarks, remark))


def simulated_rows(model: Answerer, n: int, seed: int) -> EncodedData:
    """Return rows drawn from a numbered model, bound as a table would be."""
    from causaldsl.data.binding import bind

    frame = simulate(model, n, seed)
    return bind(frame, model.encoding.schema, what="evidence")


# --- simulate -------------------------------------------------------------------------------


def simulate(
    model: Answerer,
    n: int,
    seed: int,
    *,
    do: Sequence[str] = (),
    worlds: Sequence[str] = (),
    latents: bool = False,
) -> pd.DataFrame:
    """Return rows drawn from a model, in the table's own columns.

    Parameters
    ----------
    do
        Interventions under which the rows are drawn, as on the command line.
    worlds
        Interventions whose true counterfactuals each row also gets, as columns ``Y[S=Black]``.
    latents
        Also give the unobserved variables.
    """
    from causaldsl.counterfactual.sampling import draw_rows

    drawn = draw_rows(
        model.compiled, model.params, n, seed,
        do=_assignments(do), worlds=_assignments(worlds),
    )  # fmt: skip
    return _decoded(model, drawn, latents)


def _decoded(
    model: Answerer, drawn: Mapping[str, Mapping[str, Tensor]], latents: bool
) -> pd.DataFrame:
    """Return worlds of values as one table: the facts first, then ``V[world]`` columns."""
    import pandas as pd

    scm, encoding = model.compiled.scm, model.encoding
    columns: dict[str, Any] = {}
    for world, values in drawn.items():
        for name, value in values.items():
            if name in encoding.schema.variables:
                cells = encoding.decode(name, value.numpy())
                title = encoding.statistics[name].columns[0]
            elif latents:
                domain_levels = _levels(scm, name)
                cells = value.numpy()
                cells = _named(cells, domain_levels)
                title = name
            else:
                continue
            columns[title if world == "factual" else f"{name}[{world}]"] = cells
    return pd.DataFrame(columns)


def _named(codes: Any, levels: tuple[str, ...]) -> Any:  # noqa: ANN401 (numpy cells)
    return [levels[int(k)] for k in codes] if levels else codes


def _levels(scm: Scm, name: str) -> tuple[str, ...]:
    from causaldsl.vocabulary.domains import Binary, levels_of

    domain = scm.variables[name].domain
    return () if isinstance(domain, Binary) else levels_of(domain) or ()


def _assignments(texts: Sequence[str]) -> tuple[nodes.Assignment, ...]:
    """Return parsed ``--do`` texts, or raise with every finding."""
    from causaldsl.syntax.parser import parse_do

    found: list[Diagnostic] = []
    parsed: list[nodes.Assignment] = []
    for text in texts:
        node, findings = parse_do(text)
        found += findings
        if node is not None:
            parsed.append(node)
    if any(d.severity == "error" for d in found):
        raise CounterfactualError(found)
    return tuple(parsed)


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
        ``posterior`` or ``encoder``; by default what the model's own objective says.
    """
    from causaldsl.counterfactual.abduction import read_evidence
    from causaldsl.counterfactual.action import intervene
    from causaldsl.counterfactual.engine import counterfactual as answer
    from causaldsl.data.binding import bind

    scm = model.compiled.scm
    names = tuple(scm.observed if evidence is None else evidence)
    _verify_evidence(scm, names)
    intervention = intervene(scm, _assignments(do))
    fitted = model.fitted is not None
    data = bind(
        read_rows(table), model.encoding.schema,
        encoding=model.encoding if fitted else None, require=names, what="evidence",
    )  # fmt: skip
    ready = with_guide(model, names, seed, progress)
    given = read_evidence(
        scm, data.only(names).batch(), names=names, row_numbers=data.row_numbers,
        seen={n: m for n, m in data.observed.items() if n in names},
    )  # fmt: skip
    result = answer(
        ready.compiled, ready.params, given, intervention, seed=seed, state=ready.state,
        draws=draws, engine=engine, objective=objective, progress=progress,  # type: ignore[arg-type]  # checked by the command line
    )  # fmt: skip
    remarks = [f"{n:,} rows left out: {why}" for why, n in data.dropped.items() if n]
    return result, replace(
        ready,
        remarks=(*ready.remarks, *remarks),
        findings=(*ready.findings, *data.warnings, *result.diagnostics),
    )


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


def counterfactual_frame(result: CounterfactualResult, model: Answerer) -> pd.DataFrame:
    """Return counterfactuals as a table: ``row, world``, and each variable's summary."""
    import pandas as pd

    from causaldsl.counterfactual.result import to_columns

    return pd.DataFrame(to_columns(result, model.encoding))


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
        raise FairnessError([no_predict_line(scm.name)])
    lines = features_of(fitted.compiled, fitted.params, fitted.state, fitted.result.seed)
    try:
        return tuple(predictor_from_dict(p, lines, roles_of(scm)) for p in fitted.predictors)
    except ValueError as error:
        raise InferenceError([foreign_predictors(scm.name, str(error))]) from error


def predict(fitted: FittedScm, table: object) -> pd.DataFrame:
    """Return each predictor's predictions for a table's rows; the outcome is not read.

    Columns: ``row`` (counted from 1), then one for each ``predict`` line. For a binary outcome
    a prediction is the probability of 1.
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
    return pd.DataFrame(found)


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

    predictors = predictors_of(fitted)
    frame = read_rows(table)
    data = bind(frame, fitted.schema, encoding=fitted.encoding, what="predict")
    columns, roles = columns_of(data), roles_of(fitted.compiled.scm)
    judge = ScmModel(compiled=fitted.compiled, params=fitted.params, state=fitted.state, seed=seed)
    rows = judge.counterfactual_rows(columns, draws=draws, seed=seed)
    baselines = [make(roles).fit(columns) for make in BASELINES.values()]
    return run_audit(
        [*baselines, *predictors],
        columns,
        roles,
        rows=rows,
        truth=true_worlds(frame, data, fitted.compiled.scm, fitted.encoding),
        config=AuditConfig(epsilon=epsilon, metrics=tuple(metrics) if metrics else None),
        progress=progress,
    )


def true_worlds(
    frame: pd.DataFrame, data: EncodedData, scm: Scm, encoding: Encoding
) -> CounterfactualRows | None:
    """Return the true counterfactual rows that a simulated table holds, None if it holds none."""
    from causaldsl.bench.truth import read_truth

    return read_truth(frame, data, scm, encoding)


def compare(
    models: Sequence[Path | str],
    table: object,
    *,
    seeds: Sequence[int],
    draws: int = 50,
    world: str | None = None,
    epsilon: float | None = None,
    metrics: Sequence[str] | None = None,
    words: Mapping[str, object] | None = None,
    overrides: Overrides | None = None,
    name: str = "table",
    progress: ProgressCallback = silent,
) -> FairnessTable:
    """Return the table of several models and the baselines over several splits of one table.

    Every model is fitted on each split's training rows alone. `world` names the model in whose
    worlds every method is judged (the first by default).
    """
    from causaldsl.bench.compare import CompareConfig
    from causaldsl.bench.compare import compare as run_comparison
    from causaldsl.bench.protocols import DataSet
    from causaldsl.bench.scm_models import columns_of
    from causaldsl.data.binding import bind
    from causaldsl.data.schema import schema_of
    from causaldsl.mitigation.abducted import roles_of

    scms = [checked_scm(m, _meant_for(m, overrides)) for m in models]
    for scm in scms:
        _verify_fittable(scm)
    frame = read_rows(table)
    data = bind(frame, schema_of(scms[0]))
    sources = [_source(scm, data, words) for scm in scms]
    return run_comparison(
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


def _meant_for(model: Path | str, overrides: Overrides | None) -> dict[str, object]:
    """Return the overrides of params that a file has: a comparison sets them where they exist."""
    checked = check_file(model)
    known = checked.scm.hyper if checked.scm is not None else {}
    return {k: v for k, v in (overrides or {}).items() if k in known}


def _source(scm: Scm, data: EncodedData, words: Mapping[str, object] | None) -> ScmSource:
    from causaldsl.bench.scm_models import ScmSource
    from causaldsl.inference.svi import fit as fit_svi

    def run(
        compiled: CompiledScm, rows: EncodedData, seed: int, progress: ProgressCallback
    ) -> FittedScm:
        config = _config(scm, {**(words or {}), "seed": seed})
        return fit_svi(compiled, rows, config=config, progress=progress)

    return ScmSource(
        scm=scm, encoding=data.encoding, compile_again=lambda: compile_scm(scm), run_fit=run
    )
