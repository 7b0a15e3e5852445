"""Effects as a document, as JSON and as a table of rows; decoded tables as a few lines.

Which latents, which version, which rows: every figure stands under the three, and no table adds
or averages over them.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from causaldsl.counterfactual.generation import GeneratedRows
from causaldsl.fairness.effects import Effect, EffectsReport, Estimand
from causaldsl.reports.document import Document, Table, figure
from causaldsl.reports.render_markdown import render_markdown
from causaldsl.reports.render_text import render_text

FORMAT_VERSION = 1
NOTHING = "-"

_SOURCES = {
    "encoder": "draws of the encoder as trained (`encoder`), not the model's posterior",
    "posterior": "draws of the model's posterior (`posterior`)",
    "none": "no unseen variable matters",
    "prior": "latents drawn from the prior, no row's evidence read",
}
_OF_TREATED = "effect of treatment on the treated"


def render_effects(report: EffectsReport, suffix: str) -> str:
    """Return effects as text, Markdown or JSON.

    Raises
    ------
    ValueError
        For another suffix; tables of rows are written by `data.tables`.
    """
    match suffix.lower():
        case ".txt":
            return render_text(document_of_effects(report))
        case ".md":
            return render_markdown(document_of_effects(report))
        case ".json":
            return _json(report)
        case _:
            raise ValueError(f"effects are written as .txt, .md or .json, not `{suffix}`")


# --- the document ---------------------------------------------------------------------------


def document_of_effects(report: EffectsReport) -> Document:
    """Return effects as a document: what they rest on, then tables from all rows to strata."""
    return Document(
        title=f"Effects of {report.target} on {report.outcome} in {report.model}",
        assumptions=tuple(_assumed(report)),
        tables=tuple(_tables(report)),
        findings=tuple(f"{d.severity}[{d.code}]: {d.message}" for d in report.findings),
    )


def _assumed(report: EffectsReport) -> Iterator[tuple[str, str]]:
    yield "do", f"{report.do}: {'; '.join(report.contrasts)}, the first world minus the second"
    yield "outcome", f"{report.outcome}, {report.unit}"
    for remark in report.remarks:
        yield "note", remark
    yield "rows", f"{report.n_rows:,}"
    if report.abducted_left_out is not None:
        yield "abducted", f"left out: {report.abducted_left_out}"
    for estimand in report.estimands:
        yield estimand.name, _said_of(estimand, report)
    for sentence in report.assumptions:
        yield "assumed", sentence
    yield (
        "interval",
        f"{report.level:.0%} percentile bootstrap over rows of the units' own effects, "
        f"{report.resamples} resamples; the error of the draws behind each unit is part of it, and "
        "its share alone (a standard error) stands under `draws`",
    )
    yield "draws", f"{report.draws} a row, seed {report.seed}"
    if report.real_left_out is not None:
        yield "observed", f"left out: {report.real_left_out}"
    else:
        yield (
            "observed",
            f"E[{report.outcome} | level] - E[{report.outcome} | other level], rows as they are: "
            f"`{report.target}` is a root of the graph and no stratum descends from it, so under "
            "the graph these are the effects",
        )


def _said_of(estimand: Estimand, report: EffectsReport) -> str:
    if estimand.source == "prior":
        return "; ".join([_SOURCES["prior"], *estimand.notes])
    with_outcome = report.outcome in estimand.evidence
    said = [
        f"latents from each row {'with' if with_outcome else 'without'} its own {report.outcome}",
        _SOURCES[estimand.source],
        *estimand.reasons,
        *estimand.notes,
    ]
    if estimand.ess is not None:
        middle, least = estimand.ess
        said.append(
            f"ESS {middle:.0f} in the median row, {least:.1f} in the worst, of {report.draws} draws"
        )
    return "; ".join(said)


def _tables(report: EffectsReport) -> Iterator[Table]:
    for contrast in report.contrasts:
        own = [e for e in report.effects if e.contrast == contrast]
        yield _total(contrast, own, report)
        yield from _by_level(contrast, own, report)
        yield from _by_stratum(contrast, own, report)


def _total(contrast: str, effects: Sequence[Effect], report: EffectsReport) -> Table:
    rows = [e for e in effects if e.group == "all"]
    high, low = report.levels[contrast]
    return Table(
        title=f"Total effect: E[{report.outcome} under {high}] - E[{report.outcome} under {low}]",
        columns=("estimand", "version", *_FIGURES, "rows"),
        rows=tuple(
            (e.estimand, e.version, *_cells(e, report), f"{e.n_rows:,}") for e in _ordered(rows)
        ),
        notes=(
            "a total effect that abducted and prior latents share is no evidence that the latents "
            "are free of what was set",
        ),
    )


def _by_level(contrast: str, effects: Sequence[Effect], report: EffectsReport) -> Iterator[Table]:
    high, low = report.levels[contrast]
    for name in (high, low):
        rows = [e for e in effects if e.group == "level" and e.name == name]
        what = f"{_OF_TREATED}, {high}" if name == high else "the rows of the other level"
        yield Table(
            title=f"Rows with {name} ({what})",
            columns=("estimand", "version", *_FIGURES, "rows"),
            rows=tuple(
                (e.estimand, e.version, *_cells(e, report), f"{e.n_rows:,}") for e in _ordered(rows)
            ),
            notes=("no row has this level",) if rows and rows[0].n_rows == 0 else (),
        )


def _by_stratum(contrast: str, effects: Sequence[Effect], report: EffectsReport) -> Iterator[Table]:
    if not report.by:
        return
    strata = [e for e in effects if e.group == "stratum"]
    names = tuple(dict.fromkeys(e.name for e in strata))
    for version in (report.means, "sampled"):
        wanted = [e for e in strata if e.version in (version, "observed")]
        rows = []
        for name in names:
            group = [e for e in _ordered(wanted) if e.name == name]
            for k, e in enumerate(group):
                used = "" if k and e.n_rows == group[0].n_rows else f"{e.n_rows:,}"
                first = ("" if k else _levels_alone(name), used)
                rows.append((*first, e.estimand, *_cells(e, report)))
        empty = [n for n in names if not any(e.name == n and e.n_rows for e in strata)]
        yield Table(
            title=f"By {', '.join(report.by)}, {contrast}: {version}",
            columns=("levels", "rows", "estimand", *_FIGURES),
            rows=tuple(rows),
            notes=(f"no row in {'; '.join(empty)}",) if empty else (),
        )


def _levels_alone(name: str) -> str:
    """Return a stratum's levels: the variables stand above them.

    >>> _levels_alone("Race=0, Country=1")
    '0, 1'
    """
    return ", ".join(part.split("=", 1)[-1] for part in name.split(", "))


_FIGURES = ("effect", "95% interval", "draws")
_ORDER = ("abducted", "without outcome", "prior", "observed")
_VERSIONS = ("probability", "mean", "sampled", "observed")


def _ordered(effects: Sequence[Effect]) -> list[Effect]:
    return sorted(effects, key=lambda e: (_ORDER.index(e.estimand), _VERSIONS.index(e.version)))


def _cells(effect: Effect, report: EffectsReport) -> tuple[str, str, str]:
    """Return the figures; differences of probabilities have four decimals, whatever their size."""

    def shown(value: float) -> str:
        if report.means != "probability":
            return figure(value)
        return f"{0.0 if abs(value) < _NAUGHT else value:.4f}"

    interval, error = effect.interval, effect.draws_error
    return (
        NOTHING if effect.estimate is None else shown(effect.estimate),
        NOTHING if interval is None else f"{shown(interval.low)} .. {shown(interval.high)}",
        NOTHING if error is None else figure(error, 2),
    )


_NAUGHT = 5e-5  # what four decimals round to zero, a minus sign and all


# --- for other programs ---------------------------------------------------------------------


def _json(report: EffectsReport) -> str:
    body = {
        "format": "causaldsl-effects",
        "version": FORMAT_VERSION,
        "model": report.model,
        "do": report.do,
        "target": report.target,
        "outcome": report.outcome,
        "unit": report.unit,
        "by": list(report.by),
        "contrasts": [
            {"name": name, "high": levels[0], "low": levels[1]}
            for name, levels in report.levels.items()
        ],
        "rows": report.n_rows,
        "draws": report.draws,
        "seed": report.seed,
        "resamples": report.resamples,
        "level": report.level,
        "estimands": [
            {
                "name": e.name,
                "evidence": list(e.evidence),
                "source": e.source,
                "reasons": list(e.reasons),
                "ess_median_and_least": None if e.ess is None else list(e.ess),
                "notes": list(e.notes),
            }
            for e in report.estimands
        ],
        "effects": [plain_effect(e) for e in report.effects],
        "abducted_left_out": report.abducted_left_out,
        "observed_left_out": report.real_left_out,
        "assumptions": list(report.assumptions),
        "remarks": list(report.remarks),
        "findings": [
            {"code": d.code, "severity": d.severity, "message": d.message, "hint": d.hint}
            for d in report.findings
        ],
        "units": {name: [_finite(v) for v in values] for name, values in report.units.items()},
    }
    return json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def plain_effect(effect: Effect) -> dict[str, Any]:
    """Return one mean effect by field names; what cannot be told is None."""
    interval = effect.interval
    return {
        "contrast": effect.contrast,
        "group": effect.group,
        "rows": effect.name,
        "estimand": effect.estimand,
        "version": effect.version,
        "effect": effect.estimate,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "draws_error": effect.draws_error,
        "n_rows": effect.n_rows,
    }


def _finite(value: Any) -> Any:  # noqa: ANN401 (a cell)
    return None if isinstance(value, float) and not math.isfinite(value) else value


# --- decoded tables -------------------------------------------------------------------------


def generated_lines(
    rows: GeneratedRows,
    model: str,
    *,
    probabilities: bool,
    by_means: Sequence[str] = (),
    remarks: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Iterator[str]:
    """Yield what was done to make a decoded table, a labelled sentence each.

    `by_means` are the pictures whose pixels are not drawn.
    """
    for what, value in _done(rows, model, probabilities, by_means, remarks, notes):
        yield from textwrap.wrap(
            value, 80, initial_indent=f"{what:12} ", subsequent_indent=" " * 13,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip


def _done(
    rows: GeneratedRows,
    model: str,
    probabilities: bool,
    by_means: Sequence[str],
    remarks: Sequence[str],
    notes: Sequence[str],
) -> Iterator[tuple[str, str]]:
    done = rows.treatment
    yield "model", model
    for remark in remarks:
        yield "note", remark
    yield "world", rows.world
    source = _SOURCES[rows.objective if rows.engines else "none"]
    yield "latents", f"one draw a row, from the whole row: {source}"
    for reason in rows.reasons:
        yield "engine", reason
    if done.copied:
        yield "copied", f"{_listed(done.copied)}, from the row"
    if done.set_:
        yield "set", f"{_listed(done.set_)}, as the world says"
    verb = "the means of the mechanisms" if probabilities else "drawn from the mechanisms"
    whose = ""
    if done.set_ and done.redrawn:
        whose = ", anew in this world"
    elif done.set_ and not probabilities:
        whose = ", with the noise of the row's factual decoded values"
    drawn = [n for n in done.decoded if n not in by_means]
    pictured = [n for n in done.decoded if n in by_means]
    if drawn:
        yield "decoded", f"{_listed(drawn)}: {verb}{whose}"
    if pictured:
        yield "decoded", f"{_listed(pictured)}: pictures, the means of their pixels{whose}"
    if done.kept:
        yield "kept", f"{_listed(done.kept)}: no descendant, so as decoded in the factual world"
    if done.redrawn:
        yield "redrawn", f"{_listed(done.redrawn)}: no descendant, and decoded anew all the same"
    if probabilities:
        yield "values", "means at drawn values of the parents, in columns of their own names"
    else:
        but = f", but for the pixels of {_listed(by_means)}" if by_means else ""
        yield "values", f"hard: one draw of each, as a table would hold it{but}"
    for note in notes:
        yield "note", note
    yield "seed", str(rows.seed)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)
