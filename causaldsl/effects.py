"""Effects of one variable on an outcome, stage by stage: rows, latents, units, means, report.

Which latents, which version and which rows are kept apart all the way: no number mixes two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causaldsl.answering import Answerer, whole_number, with_guide
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.diagnostics.progress import ProgressCallback, silent
from causaldsl.worlds import (
    bound_rows,
    evidence_of,
    free_title,
    rows_left_out,
    settled_objective,
)

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from causaldsl.counterfactual.effect_question import EffectQuestion
    from causaldsl.counterfactual.effects import PriorEffects, UnitEffects
    from causaldsl.data.encoded import EncodedData
    from causaldsl.fairness.effects import Effect, EffectsReport, Observed, RowGroup, UnitColumn

ABDUCTED, WITHOUT, PRIOR = "abducted", "without outcome", "prior"


def effects(
    model: Answerer,
    table: object,
    do: Sequence[str],
    *,
    outcome: str | None = None,
    by: Sequence[str] = (),
    draws: int = 100,
    seed: int = 0,
    engine: str | None = None,
    objective: str | None = None,
    progress: ProgressCallback = silent,
) -> EffectsReport:
    """Return the effect of one variable on an outcome: per row, on average, and within strata.

    Latents are abducted from each row with the outcome and without it, and for the total effect
    drawn from the prior too.

    Parameters
    ----------
    do
        ``["a=a'"]``: every level against the first; ``["a=1"]``: that level against each other.
    outcome
        The model's own when not given.
    by
        Variables with few levels that do not descend from the one that is set.
    objective
        ``posterior`` or ``encoder``; by default the posterior where an engine is named, else what
        the model's own objective says.

    Raises
    ------
    CounterfactualError
        When the question or the abduction is refused.
    """
    from causaldsl.counterfactual.effect_question import read_question
    from causaldsl.counterfactual.effects import prior_effects, unit_effects
    from causaldsl.data.tables import to_frame

    scm = model.compiled.scm
    question = read_question(scm, do, outcome=outcome, by=by)
    whole_number(seed, "seed", 0)
    whole_number(draws, "draws", 1)
    objective = settled_objective(objective, engine)
    frame = to_frame(table)
    known = tuple(n for n in scm.observed if n != question.outcome)
    data = bound_rows(model, frame, known, optional=(question.outcome,))
    model = replace(model, findings=(*model.findings, *data.warnings))
    found: dict[str, UnitEffects] = {}
    for name, names in _evidence_sets(question, scm.observed, data).items():
        ready = with_guide(model, names, seed, progress)
        remarks = ready.remarks
        try:
            found[name] = unit_effects(
                ready.compiled, ready.params, evidence_of(ready, frame, data, names), question,
                seed=seed, draws=draws, state=ready.state, engine=engine, progress=progress,
                objective=objective,  # type: ignore[arg-type]  # verified above
            )  # fmt: skip
        except CounterfactualError as error:
            if not found or any(d.code != "CD706" for d in error.diagnostics):
                raise
            why = "; ".join(d.message for d in error.diagnostics)
            remarks = (*remarks, f"no effect `{name}`: {why}")
        model = replace(model, remarks=tuple(dict.fromkeys((*model.remarks, *remarks))))
    prior = prior_effects(model.compiled, model.params, question, seed=seed)
    return _report(model, question, data, found, prior, draws=draws, seed=seed)


def _evidence_sets(
    question: EffectQuestion, observed: Sequence[str], data: EncodedData
) -> dict[str, tuple[str, ...]]:
    """Return the evidence of each estimand that the table can give."""
    without = tuple(n for n in observed if n != question.outcome)
    own = {ABDUCTED: tuple(observed)} if question.outcome in data.columns else {}
    return {**own, WITHOUT: without}


def _report(
    model: Answerer,
    question: EffectQuestion,
    data: EncodedData,
    found: Mapping[str, UnitEffects],
    prior: PriorEffects,
    *,
    draws: int,
    seed: int,
) -> EffectsReport:
    from causaldsl.counterfactual.effect_question import version_of_means
    from causaldsl.fairness.effects import RESAMPLES, EffectsReport, mean_effects
    from causaldsl.fairness.intervals import Resampling

    scm = model.compiled.scm
    means = version_of_means(scm, question.outcome)
    columns = [c for name, units in found.items() for c in _columns(question, name, units, means)]
    groups, resampling = _groups(question, data), Resampling(resamples=RESAMPLES, seed=seed)
    found_effects = mean_effects(columns, groups, resampling, _observed(question, data))
    return EffectsReport(
        model=scm.name,
        do=question.text,
        target=question.target,
        outcome=question.outcome,
        unit=_unit(model, question.outcome),
        by=question.by,
        contrasts=tuple(c.name for c in question.contrasts),
        levels={c.name: c.levels for c in question.contrasts},
        means=means,  # type: ignore[arg-type]  # one of its two words
        estimands=_estimands(model, question, data, found, prior),
        effects=(*found_effects, *_prior_effects(question, prior, means)),
        abducted_left_out=_why_not_abducted(question, model, data),
        real_left_out=_why_no_real(question, model, data),
        n_rows=data.n_rows,
        draws=draws,
        seed=seed,
        resamples=resampling.resamples,
        level=resampling.level,
        assumptions=_assumptions(model, question, means),
        remarks=(*model.remarks, *rows_left_out(data)),
        units=_units(model, question, data, columns),
        findings=(*model.findings, *(d for units in found.values() for d in units.diagnostics)),
    )


def _unit(model: Answerer, outcome: str) -> str:
    from causaldsl.vocabulary.domains import Binary

    if isinstance(model.compiled.scm.variables[outcome].domain, Binary):
        return "0 or 1"
    transform = model.encoding.schema.variables[outcome].transform
    return f"`{transform}` of its column" if transform else "in its column's unit"


def _columns(
    question: EffectQuestion, name: str, units: UnitEffects, means: str
) -> list[UnitColumn]:
    from causaldsl.fairness.effects import UnitColumn

    rows = units.rows
    kinds = ((means, rows.means, rows.means_error), ("sampled", rows.sampled, rows.sampled_error))
    return [
        UnitColumn(
            contrast=contrast.name,
            estimand=name,
            version=version,  # type: ignore[arg-type]  # one of its words
            values=values[k].numpy(),
            draws_error=None if error is None else error[k].numpy(),
        )
        for k, contrast in enumerate(question.contrasts)
        for version, values, error in kinds
    ]


def _prior_effects(question: EffectQuestion, prior: PriorEffects, means: str) -> list[Effect]:
    from causaldsl.fairness.effects import ALL, Effect

    kinds = (
        (means, prior.means, prior.means_error),
        ("sampled", prior.sampled, prior.sampled_error),
    )
    return [
        Effect(
            contrast=contrast.name,
            group="all",
            name=ALL,
            estimand=PRIOR,
            version=version,  # type: ignore[arg-type]  # one of its words
            estimate=float(values[k]),
            interval=None,
            draws_error=float(error[k]),
            n_rows=prior.n_rows,
        )
        for k, contrast in enumerate(question.contrasts)
        for version, values, error in kinds
    ]


def _groups(question: EffectQuestion, data: EncodedData) -> list[RowGroup]:
    """Return all rows, the rows of each level of the target, and the strata."""
    from causaldsl.fairness.effects import RowGroup, all_rows, strata_groups

    names = (question.target, *question.by)
    codes = {n: data.columns[n].double().numpy() for n in names}
    seen = {n: m.numpy() for n, m in data.observed.items() if n in names}
    own = strata_groups([question.target], question.levels, codes, seen)
    levels = [
        RowGroup(kind="level", name=g.name, rows=g.rows)
        for k, g in enumerate(own)
        if k in question.worlds
    ]
    strata = strata_groups(question.by, question.levels, codes, seen) if question.by else ()
    return [all_rows(data.n_rows), *levels, *strata]


def _observed(question: EffectQuestion, data: EncodedData) -> Observed | None:
    """Return what the rows themselves say, where that is an effect: the target is a root."""
    import torch

    from causaldsl.fairness.effects import Observed

    if not question.is_root or question.outcome not in data.columns:
        return None
    target = data.columns[question.target].double().clone()
    for name in (question.target, question.outcome):
        if name in data.observed:
            target[~data.observed[name]] = torch.nan  # a cell that nobody saw is in no group
    return Observed(
        outcome=data.columns[question.outcome].double().numpy(),
        target=target.numpy(),
        contrasts={c.name: (c.high, c.low) for c in question.contrasts},
    )


def _why_not_abducted(question: EffectQuestion, model: Answerer, data: EncodedData) -> str | None:
    """Say why no latents come from rows with their outcome: the table has none."""
    if question.outcome in data.columns:
        return None
    (column,) = model.encoding.columns_of(question.outcome)
    return f"the table has no column `{column}`, so no row gives its own `{question.outcome}`"


def _why_no_real(question: EffectQuestion, model: Answerer, data: EncodedData) -> str | None:
    if question.is_root:
        return _why_not_abducted(question, model, data)
    scm = model.compiled.scm
    parents = [p for p in scm.variables if p in scm.graph.predecessors(question.target)]
    listed = ", ".join(f"`{p}`" for p in parents)
    return (
        f"`{question.target}` has parents in the graph ({listed}), so the difference between rows "
        "as they are is not the effect"
    )


def _estimands(
    model: Answerer,
    question: EffectQuestion,
    data: EncodedData,
    found: Mapping[str, UnitEffects],
    prior: PriorEffects,
) -> tuple[Any, ...]:
    from causaldsl.fairness.effects import Estimand

    listed = [
        Estimand(
            name=name,
            evidence=units.evidence,
            source=units.objective if units.engines else "none",
            reasons=units.reasons,
            ess=_spread(units.ess),
            notes=_remaining(model, question) if name == WITHOUT else _lacking(question, data),
        )
        for name, units in found.items()
    ]
    notes = [f"{prior.n_rows:,} rows drawn from the model"]
    if apart := _fitted_apart(model, question):
        names = ", ".join(f"`{n}`" for n in apart)
        notes.append(f"{names}: weight 0 in `elbo`, so drawn from a marginal fitted apart from it")
    drawn = Estimand(name=PRIOR, evidence=(), source=PRIOR, reasons=(), notes=tuple(notes))
    return (*listed, drawn)


def _spread(ess: Tensor | None) -> tuple[float, float] | None:
    return None if ess is None else (float(ess.median()), float(ess.min()))


def _lacking(question: EffectQuestion, data: EncodedData) -> tuple[str, ...]:
    """Say how many rows have no outcome of their own."""
    seen = data.observed.get(question.outcome)
    missing = 0 if seen is None else int((~seen).sum())
    return (f"{missing:,} rows have no `{question.outcome}` of their own",) if missing else ()


def _remaining(model: Answerer, question: EffectQuestion) -> tuple[str, ...]:
    """Say which evidence still speaks of the outcome when the outcome itself is left out."""
    import networkx as nx

    scm = model.compiled.scm
    below = nx.descendants(scm.graph, question.outcome)
    names = ", ".join(f"`{n}`" for n in scm.observed if n in below)
    return (f"{names} descends from the outcome and stays evidence",) if names else ()


def _fitted_apart(model: Answerer, question: EffectQuestion) -> list[str]:
    """Return what is drawn for the outcome from a marginal that the objective leaves out."""
    from causaldsl.counterfactual.untrained import drawn_for
    from causaldsl.ir.conditioning import fitted_apart

    scm = model.compiled.scm
    drawn = drawn_for(scm, question.outcome, (question.target,))
    return [n for n in fitted_apart(scm) if n in drawn and model.fitted is not None]


def _assumptions(model: Answerer, question: EffectQuestion, means: str) -> tuple[str, ...]:
    import networkx as nx

    from causaldsl.counterfactual.assumptions import couplings_of
    from causaldsl.counterfactual.effect_question import is_computed

    scm, outcome = model.compiled.scm, question.outcome
    between = nx.descendants(scm.graph, question.target) & nx.ancestors(scm.graph, outcome)
    whose = ", and the same noise of what lies between" if between else ""
    said = [
        f"`{means}`: the difference of the means of `{outcome}`'s mechanism in the two worlds, at "
        f"the same latents{whose}; its own noise is averaged out.",
        f"`sampled`: the difference of the values of `{outcome}` in the two worlds, the row's own "
        "noise kept; a row that gives its own value has it in its own world.",
    ]
    if is_computed(scm, outcome):
        said.append(f"`{outcome}` follows from its parents by `:=`: both versions are the same.")
    reached = frozenset(between | ({outcome} if question.is_downstream else set()))
    couplings = ", ".join(f"`{n}` {word}" for n, word in couplings_of(scm, reached).items())
    if couplings:
        said.append(
            f"Noise is shared across worlds by coupling, which no data identify: {couplings}."
        )
    if not question.is_downstream:
        target = question.target
        said.append(
            f"`{outcome}` does not descend from `{target}`: the graph makes every effect 0."
        )
    said.append(
        "Parameters are held at their fitted or given values: no interval holds their doubt."
    )
    return tuple(said)


def _units(
    model: Answerer, question: EffectQuestion, data: EncodedData, columns: Sequence[UnitColumn]
) -> dict[str, Sequence[Any]]:
    """Return one entry for each row: its number, its levels, and its effects with their errors."""
    found: dict[str, Sequence[Any]] = {"row": data.row_numbers.tolist()}
    for name in (question.target, *question.by):
        labels = model.encoding.label(name, data.columns[name].numpy()).tolist()
        mask = data.observed.get(name)
        seen = [True] * data.n_rows if mask is None else mask.tolist()
        cells = [label if known else None for label, known in zip(labels, seen, strict=True)]
        found[free_title(name, found)] = cells
    for column in columns:
        title = f"{column.estimand.replace(' ', '_')}_{column.version}"
        if len(question.contrasts) > 1:
            title += f"[{column.contrast}]"
        found[free_title(title, found)] = column.values.tolist()
        if column.draws_error is not None:
            found[free_title(f"{title}_draws_error", found)] = column.draws_error.tolist()
    return found


def effects_frame(report: EffectsReport) -> pd.DataFrame:
    """Return each row's effects as a table: ``row``, its levels, and a column for each version."""
    import pandas as pd

    return pd.DataFrame(dict(report.units))


def effects_summary(report: EffectsReport) -> pd.DataFrame:
    """Return the mean effects as a table, one row for each."""
    import pandas as pd

    from causaldsl.reports.effects_tables import plain_effect

    return pd.DataFrame([plain_effect(effect) for effect in report.effects])


#: How a file of effects may end; the first two hold each row's effects.
EFFECT_TABLES = (".csv", ".parquet")
EFFECT_FILES = (*EFFECT_TABLES, ".txt", ".md", ".json")


def write_effects(report: EffectsReport, path: Path) -> None:
    """Write each row's effects (CSV, Parquet), the report (text, Markdown), or both (JSON).

    Raises
    ------
    DataError
        For a place that cannot be written.
    ValueError
        For another suffix.
    """
    from causaldsl.data.tables import write_table, written_beside
    from causaldsl.reports.effects_tables import render_effects

    if path.suffix.lower() in EFFECT_TABLES:
        write_table(effects_frame(report), path)
        return
    text = render_effects(report, path.suffix)
    with written_beside(path) as beside:
        beside.write_text(text, encoding="utf-8")
