"""Rows as evidence, and tables made of them: what `generate` does, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from causaldsl.answering import Answerer, whole_number, with_guide
from causaldsl.diagnostics.model import DataError
from causaldsl.diagnostics.progress import ProgressCallback, silent

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from causaldsl.counterfactual.abduction import Evidence
    from causaldsl.counterfactual.generation import GeneratedRows
    from causaldsl.data.encoded import EncodedData
    from causaldsl.data.encoding import Encoding

# --- rows as evidence -----------------------------------------------------------------------


def bound_rows(
    model: Answerer, frame: pd.DataFrame, names: Sequence[str], optional: Sequence[str] = ()
) -> EncodedData:
    """Return a table's rows as the model reads them; these variables must be there.

    Those of `optional` are read where the table has them.
    """
    from causaldsl.data.binding import bind

    return bind(
        frame, model.encoding.schema,
        encoding=None if model.fitted is None else model.encoding, require=names, optional=optional,
        what="evidence",
    )  # fmt: skip


def evidence_of(
    model: Answerer, frame: pd.DataFrame, data: EncodedData, names: Sequence[str]
) -> Evidence:
    """Return some variables of bound rows as evidence."""
    from causaldsl.counterfactual.abduction import read_evidence

    batch = data.only(tuple(names)).batch()
    if not _are_training_rows(model, frame, data):
        del batch["__row__"]  # a guide's parameters for the rows of another table say nothing here
    return read_evidence(
        model.compiled.scm, batch, names=names, row_numbers=data.row_numbers,
        seen={n: m for n, m in data.observed.items() if n in names},
    )  # fmt: skip


def _are_training_rows(model: Answerer, frame: pd.DataFrame, data: EncodedData) -> bool:
    """Whether a fit with parameters for every row was fitted on just these rows."""
    from causaldsl.data.binding import bind
    from causaldsl.data.digest import digest
    from causaldsl.engines.guide import is_per_row

    fitted = model.fitted
    if fitted is None or not is_per_row(model.compiled.scm):
        return False
    try:
        whole = bind(frame, fitted.schema, encoding=fitted.encoding, what="evidence")
    except DataError:
        return False
    same = whole.row_ids.tolist() == data.row_ids.tolist()
    return same and digest(whole) == fitted.result.data_digest


def rows_left_out(data: EncodedData) -> list[str]:
    """Return a sentence for each reason for which rows of the table were left out."""
    return [f"{n:,} rows left out: {why}" for why, n in data.dropped.items() if n]


def settled_objective(objective: str | None, engine: str | None) -> str | None:
    """Return whose draws are asked for: an engine alone asks for the posterior.

    Raises
    ------
    ValueError
        For a word that names no draws of the latents.
    CounterfactualError
        CD705 for a name that no engine has, CD704 for an engine beside the encoder.
    """
    from causaldsl.engines.names import verify_engine

    if objective not in (None, "posterior", "encoder"):
        raise ValueError(f"objective is posterior or encoder, not {objective!r}")
    verify_engine(engine, encoder=objective == "encoder")
    return "posterior" if objective is None and engine is not None else objective


def free_title(title: str, taken: Mapping[str, object]) -> str:
    """Return a column's title with as many underscores behind it as make it new."""
    while title in taken:
        title += "_"
    return title


# --- decoded tables -------------------------------------------------------------------------

FACTUAL = "factual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A decoded table in the columns of the training one, and how it was made.

    `notes` say where a column is not what the table would hold.
    """

    frame: pd.DataFrame = field(repr=False)
    rows: GeneratedRows
    probabilities: bool
    notes: tuple[str, ...]
    answerer: Answerer = field(repr=False)


def generate(
    model: Answerer,
    table: object,
    world: str = FACTUAL,
    *,
    seed: int = 0,
    probabilities: bool = False,
    keep_nondescendants: bool = True,
    engine: str | None = None,
    objective: str | None = None,
    progress: ProgressCallback = silent,
) -> Generated:
    """Return a table that the model makes of another one: latents from each row, all else decoded.

    Parameters
    ----------
    world
        ``factual``, or an intervention as in `counterfactual`: ``"a=1"``, ``"a=a'"``.
    probabilities
        Give the means of the mechanisms, under names of their own, in place of drawn values.
    keep_nondescendants
        Whether what does not descend from what is set keeps its factual decoded value in another
        world; otherwise it is drawn anew there.

    Raises
    ------
    CounterfactualError
        When the world or the abduction is refused.
    """
    from causaldsl.counterfactual.action import intervene
    from causaldsl.counterfactual.generation import generate as decode
    from causaldsl.counterfactual.wording import read_interventions
    from causaldsl.data.tables import to_frame

    scm = model.compiled.scm
    intervention = None
    if world.strip() != FACTUAL:
        intervention = intervene(scm, read_interventions([world], scm, "--world"))
    whole_number(seed, "seed", 0)
    objective = settled_objective(objective, engine)
    frame = to_frame(table)
    data = bound_rows(model, frame, scm.observed)
    ready = with_guide(model, scm.observed, seed, progress)
    rows = decode(
        ready.compiled, ready.params, evidence_of(ready, frame, data, scm.observed), intervention,
        seed=seed, state=ready.state, engine=engine, keep=keep_nondescendants, progress=progress,
        objective=objective,  # type: ignore[arg-type]  # verified above
    )  # fmt: skip
    order = {title: k for k, title in enumerate(frame.columns)}
    decoded, notes = _table_of(ready.encoding, rows, order, probabilities=probabilities)
    return Generated(
        frame=decoded,
        rows=rows,
        probabilities=probabilities,
        notes=notes,
        answerer=replace(
            ready,
            remarks=(*ready.remarks, *rows_left_out(data)),
            findings=(*ready.findings, *data.warnings),
        ),
    )


def _table_of(
    encoding: Encoding, rows: GeneratedRows, order: Mapping[str, int], *, probabilities: bool
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return decoded rows in the table's own columns and order, and what is not as it has it."""
    import pandas as pd

    columns: dict[str, Any] = {}
    notes: list[str] = []
    owners: dict[str, str] = {}
    for name in sorted(encoding.schema.variables, key=lambda n: order[encoding.columns_of(n)[0]]):
        titles = encoding.columns_of(name)
        shared = next((t for t in titles if owners.setdefault(t, name) != name), None)
        if shared is not None:
            titles = tuple(f"{name}{k + 1}" for k in range(len(titles))) if titles[1:] else (name,)
            notes.append(
                f"column `{shared}` is read by `{owners[shared]}` and `{name}`: `{name}` stands "
                "under its own name"
            )
        if probabilities and name in rows.means:
            cells = _mean_cells(encoding, name, titles, rows.means[name])
        else:
            cells = _value_cells(encoding, name, titles, rows.values[name])
            caveat = encoding.caveat(name)
            notes += [] if caveat is None else [caveat]
        for title, values in cells.items():
            columns[free_title(title, columns)] = values
    notes += _mean_notes(encoding, rows) if probabilities else []
    return pd.DataFrame(columns), tuple(notes)


def _value_cells(
    encoding: Encoding, name: str, titles: Sequence[str], values: Tensor
) -> dict[str, Any]:
    cells = encoding.decode(name, values.numpy())
    if encoding.schema.variables[name].size is None:  # a picture is one cell too
        return {titles[0]: cells}
    return {title: cells[:, k] for k, title in enumerate(titles)}


def _mean_cells(
    encoding: Encoding, name: str, titles: Sequence[str], means: Tensor
) -> dict[str, Any]:
    """Return means under names of their own: no other reader may take them for values."""
    from causaldsl.vocabulary.domains import Binary, Categorical, Image, Ordered

    spec, statistics = encoding.schema.variables[name], encoding.statistics[name]
    if isinstance(spec.domain, Image):
        return {f"{titles[0]}_mean": encoding.decode(name, means.numpy())}
    parts = [means] if spec.size is None else [means[:, k] for k in range(len(titles))]
    if isinstance(spec.domain, Categorical | Ordered):
        return {
            f"{title}_probability_{level}": part[:, k].numpy()
            for title, part in zip(titles, parts, strict=True)
            for k, level in enumerate(spec.domain.levels)
        }
    word = "probability" if isinstance(spec.domain, Binary) else "mean"
    return {
        f"{title}_{word}": (part * statistics.factor[k] + statistics.offset[k]).numpy()
        for k, (title, part) in enumerate(zip(titles, parts, strict=True))
    }


def _by_means(encoding: Encoding, rows: GeneratedRows) -> tuple[str, ...]:
    """Return the pictures that are their pixels' means: a coin for each pixel would be none."""
    from causaldsl.vocabulary.domains import Image

    return tuple(
        name
        for name, means in rows.means.items()
        if isinstance(encoding.schema.variables[name].domain, Image)
        and bool((rows.values[name] - means).abs().max() < _SAME)
    )


_SAME = 1e-9  # of pixels from 0 to 1


def _mean_notes(encoding: Encoding, rows: GeneratedRows) -> list[str]:
    """Say of which cell a probability is, and in which unit a mean is, where that is not plain."""
    from causaldsl.vocabulary.domains import Binary

    notes = []
    for name in rows.means:
        spec, title = encoding.schema.variables[name], encoding.columns_of(name)[0]
        if isinstance(spec.domain, Binary) and spec.size is None:
            cell = encoding.decode(name, [1.0])[0]
            if str(cell) != "1":
                notes.append(f"`{title}_probability` is that of `{cell}`")
        elif spec.transform == "log":
            notes.append(f"`{title}_mean` is the mean of the logarithm")
    return notes


def generated_head(made: Generated) -> list[str]:
    """Return how a decoded table was made, in lines."""
    from causaldsl.reports.effects_tables import generated_lines

    return list(
        generated_lines(
            made.rows, made.answerer.compiled.scm.name, probabilities=made.probabilities,
            by_means=() if made.probabilities else _by_means(made.answerer.encoding, made.rows),
            remarks=made.answerer.remarks, notes=made.notes,
        )
    )  # fmt: skip
