"""A comparison by the DCEVAE paper's protocol as a document, as JSON and as CSV.

Tables have the form of the paper's Table 1, and hold the quantities of its Fig. 4 (accuracy, TE,
mean CE, chi-square). Known figures stand in tables of their own: the paper's, and those of the
released code run again.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from causaldsl.bench.dcevae import REAL, SECOND_COPY, EffectsTable
from causaldsl.bench.effects_published import (
    FILE_ROWS,
    FILE_ROWS_ONCE,
    NOT_KNOWN,
    PAPER,
    RELEASED,
    RELEASED_AGAIN,
    STRATA,
    EffectFigures,
)
from causaldsl.bench.effects_published import REAL as PUBLISHED_REAL
from causaldsl.reports.document import Document, Table, spread_figure
from causaldsl.reports.render_markdown import render_markdown
from causaldsl.reports.render_text import render_text

FORMAT_VERSION = 1
ABSENT = "-"

#: What each figure is; the JSON holds it, and the tables' notes are made of it.
GLOSSARY: Mapping[str, str] = {
    "TE": "mean over test rows of P(outcome | high) - P(outcome | low) at a row's own latents",
    "CE error": "mean over strata of the absolute difference of CE from the row Real",
    "mean CE": "mean over strata of CE",
    "TE sampled": "the same with drawn outcomes in place of probabilities",
    "TE without outcome": "latents given the row but for its outcome",
    "CE error without outcome": "latents given the row but for its outcome",
    "TE prior": "latents from the prior, over rows drawn from the model",
    "nats": "negative ELBO of a validation row but for the sensitive variable's own term",
    "KL": "the latents' share of nats",
    "nats of outcome": "the outcome's share of nats",
    "nats of sensitive": "the sensitive variable's own term, which nats leaves out",
    "chi2": "half the sum of (p - q)^2 / (p + q) over column shares p, q of decoded and real rows",
    "LR": "logistic regression (l2, liblinear): accuracy on real rows",
    "SVM": "support vectors, cubic kernel, gamma 1 / features: accuracy on real rows",
}


def render_dcevae(table: EffectsTable, suffix: str) -> str:
    """Return a comparison as text, Markdown, CSV or JSON.

    Raises
    ------
    ValueError
        For another suffix.
    """
    match suffix.lower():
        case ".txt":
            return render_text(document_of_dcevae(table))
        case ".md":
            return render_markdown(document_of_dcevae(table))
        case ".csv":
            return _csv(table)
        case ".json":
            return _json(table)
        case _:
            raise ValueError(f"a comparison ends in .txt, .md, .csv or .json, not `{suffix}`")


# --- the document ---------------------------------------------------------------------------


def document_of_dcevae(table: EffectsTable) -> Document:
    """Return the document: what was assumed, ours in the paper's form, known figures, findings."""
    return Document(
        title=f"{', '.join(table.models)} on {table.data} by DCEVAE's protocol",
        assumptions=tuple(_assumed(table)),
        tables=(
            _effects(table),
            _decoded(table),
            _classifiers(table),
            _latents(table),
            *(_known() if _is_published(table) else ()),
        ),
        findings=tuple(_findings(table)),
    )


def _is_published(table: EffectsTable) -> bool:
    """Whether known figures are of this question and of these rows."""
    return table.is_adult and table.n_rows in (FILE_ROWS, FILE_ROWS_ONCE)


def _assumed(table: EffectsTable) -> Iterator[tuple[str, str]]:
    yield "protocol", f"{PAPER}, and its released code" + (", rows once" if table.once else "")
    yield "data", f"{table.data}, {table.n_rows:,} rows"
    for reason, count in table.left_out.items():
        if count:
            yield "left out", f"{count:,} row{'' if count == 1 else 's'}: {reason}"
    if table.once and not table.left_out.get(SECOND_COPY):
        yield "left out", f"{SECOND_COPY}: none found"
    yield "splits", f"{len(table.seeds)}, seeds {', '.join(map(str, table.seeds))}"
    yield "split", table.split
    yield "fitted on", "training rows alone"
    yield "effect", f"{table.effect}, on test rows, of probabilities"
    for model, source in table.latents.items():
        yield f"latents, {model}", f"draws of the {source}" if source == "encoder" else source
    yield from table.settings.items()
    if table.once:
        yield "classifiers", "learn decoded training and validation rows, asked of real test rows"
    else:
        yield "classifiers", "learn decoded rows of every part, asked of every real row"


def _effects(table: EffectsTable) -> Table:
    names = [f"CE {name}" for name in table.strata]
    notes = [f"{REAL}: observed differences of all rows, the same for every split"]
    if names:
        notes += [
            f"{short}: {name}" for short, name in zip(_short(table), table.strata, strict=True)
        ]
        notes.append(f"CE error: {GLOSSARY['CE error']}")
    else:
        notes.append("no strata: name variables with levels by --by, and effects stand within them")
    columns = ["TE", *names, *(["CE error", "mean CE"] if names else [])]
    return Table(
        title=f"Effects: {table.effect}",
        columns=("method", "TE", *_short(table), *(columns[-2:] if names else ())),
        rows=tuple(_row(table, method, columns) for method in (REAL, *table.models)),
        notes=tuple(notes),
    )


def _short(table: EffectsTable) -> tuple[str, ...]:
    return tuple(f"o{k + 1}" for k in range(len(table.strata)))


def _decoded(table: EffectsTable) -> Table:
    worlds = ("factual", "counterfactual", "whole")
    return Table(
        title="Chi-square distance of decoded rows' marginals from real ones",
        columns=("method", *worlds),
        rows=tuple(_row(table, m, [f"chi2 {w}" for w in worlds]) for m in table.models),
        notes=("it compares shares of column sums, and says nothing of how columns go together",),
    )


def _classifiers(table: EffectsTable) -> Table:
    names = [f"{c} {w}" for w in ("factual", "counterfactual", "whole") for c in ("LR", "SVM")]
    return Table(
        title="Accuracy on real rows of classifiers trained on decoded ones",
        columns=("method", *names),
        rows=tuple(_row(table, method, names) for method in (REAL, *table.models)),
        notes=(f"{REAL}: trained on real training and validation rows, asked of test rows",),
    )


def _latents(table: EffectsTable) -> Table:
    names = ["TE", "TE sampled", "TE without outcome", "TE prior", "nats", "KL"]
    return Table(
        title="The total effect by whose latents, and the fit",
        columns=("method", "TE abducted", "TE sampled", "without outcome", "prior", "nats", "KL"),
        rows=tuple(_row(table, method, names) for method in table.models),
        notes=(
            "TE abducted is the first table's; a right TE is no evidence of disentanglement",
            f"TE sampled: {GLOSSARY['TE sampled']}",
            f"nats: {GLOSSARY['nats']}",
        ),
    )


def _row(table: EffectsTable, method: str, names: Iterable[str]) -> tuple[str, ...]:
    return (method, *(_cell(table, method, name) for name in names))


def _cell(table: EffectsTable, method: str, name: str) -> str:
    found = table.summary(method, name)
    return ABSENT if found is None else spread_figure(found.mean, found.sd)


def _findings(table: EffectsTable) -> Iterator[str]:
    for item in table.fit_findings:
        said = item.finding
        yield f"split {item.seed}, {item.model}: {said.severity}[{said.code}]: {said.message}"
    for finding in table.findings:
        yield f"{finding.severity}[{finding.code}]: {finding.message}"


# --- known figures --------------------------------------------------------------------------


_REPEATED = FILE_ROWS - FILE_ROWS_ONCE


def _known() -> tuple[Table, Table]:
    rows = f"from the published file, {FILE_ROWS:,} rows, of which {_REPEATED:,} are there twice"
    head = ("TE", *STRATA, "CE error", "chi2 f.", "chi2 cf.", "LR f.", "SVM f.")
    published = Table(
        title="Published: Table 1",
        columns=("method", *head),
        rows=((REAL, *_known_cells(PUBLISHED_REAL)),),
        notes=(rows, f"the cells of {', '.join(NOT_KNOWN)} are not known to us"),
    )
    again = Table(
        title="The released code, run again",
        columns=("method", "a_f", "seed", "epochs", *head),
        rows=tuple(
            (row.method, f"{row.fair:g}", str(row.seed), str(row.epochs), *_known_cells(row))
            for row in RELEASED_AGAIN
        ),
        notes=(
            rows,
            f"{RELEASED}; one seed each, ended by time or by its own patience",
            "a_f: the weight of the fairness term, by its name in the released code",
        ),
    )
    return published, again


def _known_cells(row: EffectFigures) -> Iterator[str]:
    yield from (
        ABSENT if value is None else f"{value + 0.0:.4f}"  # no negative zero
        for value in (
            row.total,
            *row.by_stratum,
            row.effect_error,
            row.chi_square.get("factual"),
            row.chi_square.get("counterfactual"),
            row.accuracy.get("LR factual", row.accuracy.get("LR")),
            row.accuracy.get("SVM factual", row.accuracy.get("SVM")),
        )
    )


# --- for other programs ---------------------------------------------------------------------


def _csv(table: EffectsTable) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("seed", "method", "figure", "value"))
    for f in table.figures:
        value = "" if f.value is None or not math.isfinite(f.value) else repr(float(f.value))
        writer.writerow((f.seed, f.method, f.name, value))
    return text.getvalue()


def _json(table: EffectsTable) -> str:
    methods = (REAL, *table.models)
    names = tuple(dict.fromkeys(f.name for f in table.figures))
    summaries = [
        {"method": m, "figure": n, "mean": found.mean, "sd": found.sd, "n": found.n}
        for m in methods
        for n in names
        if (found := table.summary(m, n)) is not None
    ]
    body: dict[str, Any] = {
        "format": "causaldsl-dcevae",
        "version": FORMAT_VERSION,
        "glossary": dict(GLOSSARY),
        "assumed": dict(_assumed(table)),
        "data": table.data,
        "n_rows": table.n_rows,
        "once": table.once,
        "seeds": list(table.seeds),
        "strata": list(table.strata),
        "figures": [
            {"seed": f.seed, "method": f.method, "figure": f.name, "value": f.value}
            for f in table.figures
        ],
        "summaries": summaries,
        "findings": list(_findings(table)),
    }
    return json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
