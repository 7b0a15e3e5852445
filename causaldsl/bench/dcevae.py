"""Many models on one table by the DCEVAE paper's protocol: effects, and what decoded rows teach.

For each split every model is fitted on the training rows alone. Its effects are read off the test
rows: latents from its encoder given each row, one level of the sensitive variable against the
other at the same latents. Then it decodes a factual and a counterfactual table, on which
classifiers learn that are tested on real rows. `effects_protocol` holds the array functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from causaldsl.bench.effects_protocol import (
    ADULT_STRATA,
    Effects,
    Strata,
    baseline_accuracies,
    effect_error,
    judge_generated,
    mean_effects,
    observed_effects,
    strata_of,
)
from causaldsl.bench.protocols import DataSet, check_same_table
from causaldsl.bench.scm_models import ScmModel, ScmSource
from causaldsl.bench.splits import Split, dcevae_split, first_copies, take_rows
from causaldsl.bench.table import FitFinding, Summary, summarise
from causaldsl.counterfactual.abduction import Evidence, read_evidence
from causaldsl.counterfactual.action import intervene
from causaldsl.counterfactual.effect_question import EffectQuestion, read_question
from causaldsl.counterfactual.effects import prior_effects, unit_effects
from causaldsl.counterfactual.generation import generate
from causaldsl.counterfactual.wording import read_interventions
from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent
from causaldsl.diagnostics.suggest import did_you_mean
from causaldsl.engines.choose import Objective
from causaldsl.fairness.predictor import Columns, FloatArray, Roles
from causaldsl.inference.states import cloned
from causaldsl.mitigation.abducted import tensor_of
from causaldsl.runtime.scope import isolated
from causaldsl.vocabulary.domains import Image, levels_of

#: The row of the table itself, with its observed differences between the levels.
REAL = "Real"
SPLIT = "numpy RandomState(seed) permutation: 20 % validation, 20 % test, 60 % training"
#: Why rows are left out that the protocol takes once.
SECOND_COPY = "a second copy of the block of rows before it, at the table's end"
_PASSES = 20  # draws of the latents behind each validation figure


@dataclass(frozen=True, slots=True, kw_only=True)
class DcevaeConfig:
    """The choices of a comparison; every one of them is printed with the table.

    Parameters
    ----------
    draws
        Draws of each test row's latents.
    sensitive
        Whose effect; the only sensitive variable by default.
    strata
        Variables within whose levels effects are averaged; by default those of binarised Adult
        where the table has them, else none.
    once
        Leave out a second copy of a block of rows at the table's end, and keep training and test
        rows apart for classifiers too. Otherwise as the paper has it: the whole table, on which
        they learn decoded rows of every part and are tested on every real row.
    """

    seeds: tuple[int, ...]
    draws: int = 50
    sensitive: str | None = None
    strata: tuple[str, ...] | None = None
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of one method on one split; None where no row can tell."""

    method: str
    seed: int
    name: str
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectsTable:
    """Methods by figures over splits, and what they rest on.

    Parameters
    ----------
    n_rows, left_out
        Rows of the table, after those that were left out, by reason.
    effect
        The effect in words: ``y with a=1 against a=0``.
    strata
        Names of the strata, in the order of the paper's o1, o2, ...
    is_adult
        Whether the known figures for binarised Adult stand for the same question.
    """

    data: str
    n_rows: int
    left_out: Mapping[str, int]
    once: bool
    split: str
    seeds: tuple[int, ...]
    models: tuple[str, ...]
    effect: str
    strata: tuple[str, ...]
    is_adult: bool
    latents: Mapping[str, str]
    settings: Mapping[str, str]
    figures: tuple[Figure, ...] = field(repr=False)
    fit_findings: tuple[FitFinding, ...] = ()
    findings: tuple[Diagnostic, ...] = ()

    def values(self, method: str, name: str) -> dict[int, float]:
        """Return a figure's values by seed."""
        return {
            f.seed: f.value
            for f in self.figures
            if (f.method, f.name) == (method, name) and f.value is not None
        }

    def summary(self, method: str, name: str) -> Summary | None:
        """Return mean and sd over splits, None where no split has a value."""
        return summarise(self.values(method, name))


# --- what is asked --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the protocol asks of a table: whose effect on what, and within which strata."""

    sensitive: str
    outcome: str
    levels: tuple[str, str]
    strata: Mapping[str, tuple[str, ...]]
    roles: Roles

    @property
    def effect(self) -> str:
        """The effect in words."""
        low, high = self.levels
        return f"{self.outcome}: {self.sensitive}={high} against {self.sensitive}={low}"

    @property
    def is_adult(self) -> bool:
        """Whether the strata are those of the paper's table."""
        return {n: tuple(levels) for n, levels in ADULT_STRATA.items()} == dict(self.strata)


def ask(roles: Roles, config: DcevaeConfig) -> Question:
    """Return the question of a table whose columns have these roles.

    Raises
    ------
    FairnessError
        CD808 where the protocol does not apply: it needs a sensitive variable and an outcome of two
        levels, strata with levels, and columns that are no pictures.
    """
    found: list[Diagnostic] = []
    sensitive = config.sensitive or roles.sensitive[0]
    if sensitive not in roles.sensitive:
        hint = did_you_mean(sensitive, roles.sensitive)
        found.append(does_not_apply(f"`{sensitive}` is no sensitive variable", hint))
    elif config.sensitive is None and len(roles.sensitive) > 1:
        names = ", ".join(f"`{n}`" for n in roles.sensitive)
        found.append(does_not_apply(f"{names} are sensitive", "say whose effect is asked"))
    for name in (sensitive, roles.outcome):
        levels = levels_of(roles.domains[name]) if name in roles.domains else None
        if name in roles.domains and (levels is None or len(levels) != 2):
            found.append(does_not_apply(f"`{name}` is {roles.domains[name]}, not of two levels"))
    pictures = [n for n in roles.observed if isinstance(roles.domains[n], Image)]
    found += [
        does_not_apply(f"`{n}` is a picture, which no classifier here reads") for n in pictures
    ]
    strata = _strata(roles, config, sensitive, found)
    if found:
        raise FairnessError(found)
    low, high = levels_of(roles.domains[sensitive]) or ()
    return Question(
        sensitive=sensitive,
        outcome=roles.outcome,
        levels=(low, high),
        strata=strata,
        roles=roles,
    )


def _strata(
    roles: Roles, config: DcevaeConfig, sensitive: str, found: list[Diagnostic]
) -> dict[str, tuple[str, ...]]:
    if config.strata is None:
        known = {n: tuple(levels) for n, levels in ADULT_STRATA.items()}
        there = all(n in roles.domains and levels_of(roles.domains[n]) == known[n] for n in known)
        return known if there else {}
    strata: dict[str, tuple[str, ...]] = {}
    for name in config.strata:
        levels = levels_of(roles.domains[name]) if name in roles.features else None
        if name not in roles.features:
            what = "is what is set" if name == sensitive else "is no feature of the table"
            hint = did_you_mean(name, roles.features)
            found.append(does_not_apply(f"the stratum `{name}` {what}", hint))
        elif levels is None:
            found.append(does_not_apply(f"the stratum `{name}` is {roles.domains[name]}"))
        else:
            strata[name] = tuple(levels)
    return strata


def does_not_apply(reason: str, hint: str | None = None) -> Diagnostic:
    """CD808: the protocol is one of two levels, a binary outcome and a table of columns."""
    return diagnostic("CD808", f"the protocol `dcevae` does not apply: {reason}", hint=hint)


# --- the comparison -------------------------------------------------------------------------


def compare_effects(
    models: Sequence[ScmSource],
    data: DataSet,
    config: DcevaeConfig,
    *,
    progress: ProgressCallback = silent,
) -> EffectsTable:
    """Return the table of every model on every split.

    Raises
    ------
    FairnessError
        CD808 where the protocol does not apply, CD809 for models that disagree on the table.
    """
    names = [model.name for model in models]
    if len(set(names)) < len(names) or REAL in names:
        raise ValueError(f"model names must differ, from `{REAL}` too, got {names}")
    check_same_table(data, tuple(models))
    question = ask(data.roles, config)
    data, copies = rows_of(data, config)
    figures: list[Figure] = []
    notes: list[FitFinding] = []
    latents: dict[str, str] = {}
    for done, seed in enumerate(config.seeds):
        progress(Progress(stage=f"split {seed}", done=done, total=len(config.seeds)))
        split = dcevae_split(data.n_rows, seed)
        figures += _figures(REAL, seed, real_figures(data, split, question, config))
        for source in models:
            train = take_rows(data.columns, split.train)
            model = source.fit(train, seed=seed, progress=progress)
            figures += _figures(
                source.name, seed, model_figures(model, data, split, question, config)
            )
            notes += [FitFinding(seed=seed, model=source.name, finding=f) for f in model.findings]
            latents[source.name] = latent_source(model)
    progress(Progress(stage="splits", done=len(config.seeds), total=len(config.seeds)))
    return EffectsTable(
        data=data.name,
        n_rows=data.n_rows,
        left_out={SECOND_COPY: copies} if copies else {},
        once=config.once,
        split=SPLIT,
        seeds=config.seeds,
        models=tuple(names),
        effect=question.effect,
        strata=_names_of_strata(data, question),
        is_adult=question.is_adult,
        latents=latents,
        settings={"draws per test row": str(config.draws)},
        figures=tuple(figures),
        fit_findings=tuple(notes),
    )


def _names_of_strata(data: DataSet, question: Question) -> tuple[str, ...]:
    if not question.strata:
        return ()
    return strata_of(take_rows(data.columns, np.arange(1)), question.strata).names


def _figures(method: str, seed: int, values: Mapping[str, float | None]) -> list[Figure]:
    return [Figure(method=method, seed=seed, name=n, value=v) for n, v in values.items()]


def rows_of(data: DataSet, config: DcevaeConfig) -> tuple[DataSet, int]:
    """Return the rows that the protocol takes, and how many second copies it leaves out."""
    if not config.once:
        return data, 0
    kept = first_copies({f"{n}{k}": c for n, v in data.columns.items() for k, c in _cells(v)})
    copies = data.n_rows - len(kept)
    columns = take_rows(data.columns, kept)
    return DataSet(name=data.name, columns=columns, roles=data.roles), copies


def _cells(values: FloatArray) -> list[tuple[str, FloatArray]]:
    """Return a column's cells by their number, the column itself by nothing."""
    if values.ndim == 1:
        return [("", values)]
    flat = values.reshape(len(values), -1)
    return [(str(k + 1), flat[:, k]) for k in range(flat.shape[1])]


# --- real rows ------------------------------------------------------------------------------


def real_figures(
    data: DataSet, split: Split, question: Question, config: DcevaeConfig
) -> dict[str, float | None]:
    """Return the figures of the table itself: of all its rows, and of classifiers on real rows."""
    effects = real_effects(data.columns, question)
    table = as_numbers(data.columns, data.columns, question).columns
    features = [n for n in table if n != question.outcome]
    accuracies = baseline_accuracies(table, split, features, question.outcome)
    return {**_effect_figures(effects, None), **{f"{n} factual": v for n, v in accuracies.items()}}


def real_effects(columns: Columns, question: Question) -> Effects:
    """Return the observed differences of a table."""
    return observed_effects(
        columns[question.outcome], columns[question.sensitive], _strata_of(columns, question)
    )


def _strata_of(columns: Columns, question: Question) -> Strata:
    if question.strata:
        return strata_of(columns, question.strata)
    return Strata(names=(), index=np.zeros(len(columns[question.outcome]), dtype=np.int64))


def _effect_figures(effects: Effects, error: float | None) -> dict[str, float | None]:
    within = {f"CE {name}": value for name, value in effects.by_stratum.items()}
    known = [value for value in within.values() if value is not None]
    mean = float(np.mean(known)) if known else None
    return {"TE": effects.total, **within, "CE error": error, "mean CE": mean}


# --- one model on one split -----------------------------------------------------------------


def model_figures(
    model: ScmModel, data: DataSet, split: Split, question: Question, config: DcevaeConfig
) -> dict[str, float | None]:
    """Return every figure of a model that was fitted on a split's training rows.

    ``TE`` and ``CE`` are of probabilities, with latents from the encoder given the whole row;
    ``TE sampled`` is of drawn outcomes, ``TE without outcome`` of latents from the row
    without it, ``TE prior`` of latents from the prior. ``nats`` is the negative ELBO of a
    validation row without the sensitive variable's own term, ``KL`` its latents' share.
    """
    test = take_rows(data.columns, split.test)
    effects = model_effects(model, test, question, config, split.seed)
    real = real_effects(data.columns, question)
    decoded_from, tested_on = (
        (np.concatenate([split.train, split.validation]), split.test)
        if config.once
        else (np.arange(data.n_rows), np.arange(data.n_rows))
    )
    basis = take_rows(data.columns, decoded_from)
    asked = as_numbers(take_rows(data.columns, tested_on), data.columns, question)
    found = judge_generated(
        effects["probability"],
        real,
        {
            world: as_numbers(rows, data.columns, question).columns
            for world, rows in decoded_tables(model, basis, question, split.seed).items()
        },
        as_numbers(basis, data.columns, question).columns,
        asked.columns,
        features=[n for n in asked.columns if n != question.outcome],
        outcome=question.outcome,
        counted=asked.counted,
    )
    without = effects["without outcome"]
    return {
        **_effect_figures(found.effects, found.effect_error),
        "TE sampled": effects["sampled"].total,
        "TE without outcome": without.total,
        "CE error without outcome": effect_error(without, real),
        "TE prior": effects["prior"].total,
        **{f"chi2 {world}": value for world, value in found.chi_square.items()},
        **{f"{name} {world}": value for (name, world), value in found.accuracy.items()},
        **validation_figures(
            model, take_rows(data.columns, split.validation), question, split.seed
        ),
    }


def latent_source(model: ScmModel) -> str:
    """Return whose draws of the latents a model's effects and decoded rows rest on."""
    return _objective(model) or "as the model's own objective says"


def _objective(model: ScmModel) -> Objective | None:
    """Return `encoder` for a model that writes its guide, as the paper's models are read."""
    return "encoder" if model.compiled.scm.guides else None


def model_effects(
    model: ScmModel, rows: Columns, question: Question, config: DcevaeConfig, seed: int
) -> dict[str, Effects]:
    """Return a model's effects on some rows by what they are.

    Keys: ``probability`` and ``sampled``, latents given the whole row; ``without outcome``,
    probabilities, latents given the row without it; ``prior``, probabilities over rows drawn from
    the model, in total alone.
    """
    asked = _effect_question(model, question)
    strata = _strata_of(rows, question)
    observed = tuple(model.compiled.scm.observed)
    units = {
        name: unit_effects(
            model.compiled, model.params, evidence_of(model, rows, names), asked,
            seed=seed, draws=config.draws, state=model.state, objective=_objective(model),
        )
        for name, names in (
            ("whole", observed),
            ("without outcome", tuple(n for n in observed if n != question.outcome)),
        )
    }  # fmt: skip
    prior = prior_effects(model.compiled, model.params, asked, seed=seed)
    return {
        "probability": mean_effects(units["whole"].rows.means[0].numpy(), strata),
        "sampled": mean_effects(units["whole"].rows.sampled[0].numpy(), strata, "sampled"),
        "without outcome": mean_effects(units["without outcome"].rows.means[0].numpy(), strata),
        "prior": Effects(
            version="probability", total=float(prior.means[0]), by_stratum={}, rows={}
        ),
    }


def _effect_question(model: ScmModel, question: Question) -> EffectQuestion:
    return read_question(model.compiled.scm, [_flip(question)], outcome=question.outcome)


def _flip(question: Question) -> str:
    name = question.sensitive
    return f"{name}={name[0].lower()}{name[1:]}'"


def evidence_of(model: ScmModel, rows: Columns, names: Sequence[str]) -> Evidence:
    """Return some columns of rows as a model's evidence."""
    scm = model.compiled.scm
    return read_evidence(scm, {n: tensor_of(rows[n], scm.variables[n].domain) for n in names})


def decoded_tables(
    model: ScmModel, rows: Columns, question: Question, seed: int
) -> dict[str, dict[str, FloatArray]]:
    """Return what a model makes of rows: ``factual``, and ``counterfactual`` with the flip.

    One draw of each row's latents, and of every variable given them; the sensitive variable
    is the row's own, or the other level. What does not descend from it keeps its decoded value.
    """
    scm = model.compiled.scm
    evidence = evidence_of(model, rows, tuple(scm.observed))
    flipped = intervene(scm, read_interventions([_flip(question)], scm))
    return {
        world: {
            name: values.to(torch.float64).numpy()
            for name, values in generate(
                model.compiled, model.params, evidence, intervention, seed=seed,
                state=model.state, objective=_objective(model),
            ).values.items()
        }
        for world, intervention in (("factual", None), ("counterfactual", flipped))
    }  # fmt: skip


def validation_figures(
    model: ScmModel, rows: Columns, question: Question, seed: int
) -> dict[str, float | None]:
    """Return the negative ELBO of rows in nats per row, but for the sensitive variable's term.

    Without it models that say where the sensitive variable comes from stand beside those that take
    it as given. Draws of the encoder, the KL in closed form where there is one. ``nats of
    sensitive`` is that term, for models in which the sensitive variable has a parent.
    """
    scm, module = model.compiled.scm, model.compiled.module
    n_rows = len(rows[question.outcome])
    batch = {
        **evidence_of(model, rows, tuple(scm.observed)).values,
        **{
            f"{n}__seen": torch.ones(rows[n].shape, dtype=torch.bool)
            for n in scm.observed
            if scm.variables[n].missing == "latent"
        },
        "__row__": torch.arange(n_rows),
    }
    state = {"params": {}, "constraints": {}} if model.state is None else dict(model.state)
    totals: dict[str, float] = {}
    with isolated(seed, cloned(state)), torch.no_grad():
        for _ in range(_PASSES):
            parts, _ = module.elbo_parts(batch, n_rows)
            for name, value in parts.items():
                totals[name] = totals.get(name, 0.0) + float(value) / _PASSES
    kept = {n: v for n, v in totals.items() if n != question.sensitive}
    is_caused = scm.graph.in_degree(question.sensitive) > 0
    return {
        "nats": sum(kept.values()),
        "KL": sum(v for n, v in kept.items() if n in scm.unobserved),
        "nats of outcome": kept.get(question.outcome),
        "nats of sensitive": totals.get(question.sensitive) if is_caused else None,
    }


# --- rows as numbers ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Rows as classifiers read them, the outcome too; `counted` are the columns of 0 and 1."""

    columns: Columns = field(repr=False)
    counted: tuple[str, ...]


def as_numbers(rows: Columns, real: Columns, question: Question) -> Numbers:
    """Return rows as numbers: levels as 0 and 1, the rest in units of the real rows.

    A variable of two levels is one column, one of more a column for each level, an array one for
    each cell.
    """
    found: dict[str, FloatArray] = {}
    counted: list[str] = []
    for name in question.roles.observed:
        domain = question.roles.domains[name]
        levels = levels_of(domain)
        for (cell, values), (_, theirs) in zip(_cells(rows[name]), _cells(real[name]), strict=True):
            title = f"{name}{cell}"
            if levels is None:
                spread = float(theirs.std()) or 1.0
                found[title] = (values - theirs.mean()) / spread
                continue
            marks = (
                {title: np.asarray(values, np.float64)}
                if len(levels) == 2
                else {
                    f"{title}={level}": np.equal(values, k) * 1.0 for k, level in enumerate(levels)
                }
            )
            found |= marks
            counted += marks
    return Numbers(columns=found, counted=tuple(counted))
