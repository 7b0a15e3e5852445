"""Pictures and what they are worth as text, Markdown and JSON; the sheet is `contact_sheet`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from causaldsl.bench.scenes import COPY, FLIPPED, MADE, TRUTH, SceneJudgement
from causaldsl.counterfactual.pictures import CounterfactualPictures
from causaldsl.diagnostics.model import Diagnostic
from causaldsl.fairness.measures.subject import MetricValue
from causaldsl.fairness.picture_registry import PICTURE_METRICS
from causaldsl.reports.document import Document, Table, figure
from causaldsl.reports.render_markdown import render_markdown
from causaldsl.reports.render_text import render_text

FORMAT_VERSION = 1
SUFFIXES = (".txt", ".md", ".json")
NOTHING = "-"
_WIDTH = 80


def picture_facts(
    pictures: CounterfactualPictures, remarks: Sequence[str] = ()
) -> Iterator[tuple[str, str]]:
    """Yield what pictures rest on: pairs of a word and what is said under it."""
    yield "model", pictures.model
    for remark in remarks:
        yield "note", remark
    yield "do", pictures.question.text
    image, target = pictures.question.image, pictures.question.target
    names = _listed(pictures.encoded)
    if not names:
        yield "latents", f"none: nothing unseen lies behind `{image}`"
    else:
        how = "mean" if pictures.draws is None else f"{pictures.draws} draws a row"
        yield (
            "latents",
            f"{names}: {how} of the encoder (`encoder`), the guide for whole rows; not the model's "
            "posterior",
        )
    mean = "" if pictures.draws in (None, 1) else ", averaged over the draws"
    yield "pixels", f"the mean of `{image}`{mean}: a pixel's own noise is not drawn"
    if pictures.kept:
        yield "kept", f"{_listed(pictures.kept)}, from the row"
    if pictures.moved:
        yield "moved", f"{_listed(pictures.moved)}, with the noise of the row's own value"
    if not pictures.is_downstream:
        yield "note", f"`{image}` does not descend from `{target}`, so no picture changes"
    seed = "" if pictures.draws is None else f", seed {pictures.seed}"
    yield "rows", f"{len(pictures.rows):,}{seed}"


def picture_lines(pictures: CounterfactualPictures, remarks: Sequence[str] = ()) -> Iterator[str]:
    """Yield `picture_facts` as lines of a terminal."""
    for word, text in picture_facts(pictures, remarks):
        yield from textwrap.wrap(
            text, _WIDTH, initial_indent=f"{word:12} ", subsequent_indent=" " * 13,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


# --- what they are worth --------------------------------------------------------------------


def render_judgement(
    judged: SceneJudgement,
    suffix: str,
    remarks: Sequence[str] = (),
    diagnostics: Sequence[Diagnostic] = (),
) -> str:
    """Return a judgement as text, Markdown or JSON.

    Raises
    ------
    ValueError
        For another suffix than `SUFFIXES`.
    """
    match suffix.lower():
        case ".txt":
            return render_text(document_of_judgement(judged, remarks, diagnostics))
        case ".md":
            return render_markdown(document_of_judgement(judged, remarks, diagnostics))
        case ".json":
            return _json(judged, diagnostics)
        case _:
            raise ValueError(f"a judgement's name ends in {', '.join(SUFFIXES)}, not `{suffix}`")


def document_of_judgement(
    judged: SceneJudgement,
    remarks: Sequence[str] = (),
    diagnostics: Sequence[Diagnostic] = (),
) -> Document:
    """Return a judgement as a document: what it rests on, then metrics by set of pictures."""
    return Document(
        title=f"Pictures of {judged.pictures.model} on drawn scenes",
        assumptions=(
            *picture_facts(judged.pictures, remarks),
            (
                "scenes",
                f"drawn here (`causaldsl.datasets.scenes`, seed {judged.seeds[1]}); the true "
                "counterfactual of each is known",
            ),
            (
                "reader",
                f"a network trained on {judged.n_train:,} other scenes (seed {judged.seeds[0]}), "
                f"right on pictures set apart: {_shares(judged.reader)}",
            ),
            (
                "reconstruction",
                f"mean absolute error of a pixel {figure(judged.reconstruction, 3)}",
            ),
        ),
        tables=(_accuracies(judged), _metrics(judged)),
        findings=tuple(f"{d.severity}[{d.code}]: {d.message}" for d in diagnostics),
    )


def _shares(shares: Mapping[str, float]) -> str:
    return ", ".join(f"`{name}` {share:.1%}" for name, share in shares.items())


def _accuracies(judged: SceneJudgement) -> Table:
    name = "attribute_accuracy"
    columns = (MADE, TRUTH, COPY)
    by = {who: judged.values[who][name].by for who in columns}
    rows = [
        (
            f"{attribute} {'flipped' if attribute == FLIPPED else 'kept'}",
            *(f"{by[who][attribute]:.1%}" for who in columns),
        )
        for attribute in by[MADE]
    ]
    return Table(
        title="Attributes read off the pictures as they should be",
        columns=("attribute", *columns),
        rows=tuple(rows),
    )


def _metrics(judged: SceneJudgement) -> Table:
    names = list(judged.values[MADE])
    has_interval = any(judged.values[MADE][n].interval for n in names)
    columns = (MADE, *(("95 % interval",) if has_interval else ()), TRUTH, COPY)
    rows = []
    for name in names:
        cells = [_cell(judged.values[MADE][name])]
        cells += [_interval(judged.values[MADE][name])] if has_interval else []
        cells += [_cell(judged.values[who][name]) for who in (TRUTH, COPY)]
        rows.append((PICTURE_METRICS[name].title, *cells))
    return Table(
        title=f"{judged.n_rows:,} scenes under do({FLIPPED} = 1 - {FLIPPED})",
        columns=("metric", *columns),
        rows=tuple(rows),
        notes=(
            f"`{TRUTH}` are the true counterfactuals: the best that can be reached. "
            f"`{COPY}` are the originals: what is reached by changing nothing.",
            "pixels lie from 0 to 1",
        ),
    )


def _cell(value: MetricValue) -> str:
    return NOTHING if value.estimate is None else figure(value.estimate, 3)


def _interval(value: MetricValue) -> str:
    if value.interval is None:
        return NOTHING
    return f"{figure(value.interval.low, 3)} to {figure(value.interval.high, 3)}"


def _json(judged: SceneJudgement, diagnostics: Sequence[Diagnostic]) -> str:
    pictures = judged.pictures
    body = {
        "format": "causaldsl-pictures",
        "version": FORMAT_VERSION,
        "model": pictures.model,
        "do": pictures.question.text,
        "objective": "encoder",
        "draws": pictures.draws,
        "seed": pictures.seed,
        "n_rows": judged.n_rows,
        "n_train": judged.n_train,
        "seeds of scenes": list(judged.seeds),
        "reader": dict(judged.reader),
        "reconstruction": judged.reconstruction,
        "values": {
            who: {name: _plain(value) for name, value in values.items()}
            for who, values in judged.values.items()
        },
        "findings": [{"code": d.code, "message": d.message} for d in diagnostics],
    }
    return json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: MetricValue) -> dict[str, Any]:
    interval = value.interval
    return {
        "estimate": value.estimate,
        "interval": None if interval is None else [interval.low, interval.high, interval.level],
        "by": dict(value.by),
        "findings": [d.code for d in value.findings],
    }
