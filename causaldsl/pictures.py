"""Pictures of other worlds: the stages of `pictures`, and what a caller gets from them."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import override

from causaldsl.answering import Answerer, whole_number
from causaldsl.diagnostics.model import Diagnostic
from causaldsl.diagnostics.progress import ProgressCallback, silent
from causaldsl.worlds import bound_rows, evidence_of, rows_left_out

if TYPE_CHECKING:
    import pandas as pd

    from causaldsl.bench.scenes import SceneJudgement
    from causaldsl.counterfactual.pictures import CounterfactualPictures
    from causaldsl.data.encoding import Encoding
    from causaldsl.drawing.theme import Theme

#: The encoder's mean in place of draws of the latents.
MEAN: Literal["mean"] = "mean"
#: Rows that a contact sheet shows.
SHEET_ROWS = 12
#: At most: a row is some 130 pixels high, and a PNG above 32,767 opens hardly anywhere.
MOST_SHEET_ROWS = 200
#: The table that stands beside written pictures.
TABLE = "pictures.csv"

Pixels = Any  # a numpy array; room 13 does not import numpy


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Originals, reconstructions and counterfactuals of rows, as numpy arrays ``(N, c, h, w)``."""

    result: CounterfactualPictures = field(repr=False)
    truth: Pixels | None = field(default=None, repr=False)
    remarks: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def original(self) -> Pixels:
        """The rows' own pictures."""
        return self.result.original.numpy()

    @property
    def reconstruction(self) -> Pixels:
        """The mechanism's mean at the row's own values and the encoder's latents."""
        return self.result.reconstruction.numpy()

    @property
    def worlds(self) -> dict[str, Pixels]:
        """The pictures of each world, by what is set in it."""
        return {name: made.numpy() for name, made in self.result.worlds.items()}

    @property
    def counterfactual(self) -> Pixels:
        """The pictures of the one world.

        Raises
        ------
        ValueError
            If a variable of several levels was flipped: `worlds` has each.
        """
        if len(self.result.worlds) > 1:
            raise ValueError(f"there are the worlds {', '.join(self.result.worlds)}: see `worlds`")
        return next(iter(self.worlds.values()))

    @property
    def rows(self) -> list[int]:
        """The rows' numbers, counted from 1."""
        found: list[int] = self.result.rows.tolist()
        return found

    @property
    def head(self) -> str:
        """What the pictures rest on, as text."""
        from causaldsl.reports.picture_tables import picture_lines

        return "\n".join(picture_lines(self.result, self.remarks))

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each row and world that is not its own: ``row``, ``world``, the level set.

        The last column holds the picture, under the image's own name.
        """
        import pandas as pd

        made = self.result
        question, levels = made.question, made.levels
        parts: list[tuple[int, int, str, str, Pixels]] = []
        for k, (world, pictures) in enumerate(self.worlds.items()):
            set_to = made.set_to[world].tolist()
            own = made.own.tolist() if len(made.worlds) > 1 else [None] * len(set_to)
            parts += [
                (row, k, world, levels[level], picture)
                for row, level, was, picture in zip(self.rows, set_to, own, pictures, strict=True)
                if level != was
            ]
        parts.sort(key=lambda part: part[:2])
        names = ("row", "world", question.target, question.image)
        return pd.DataFrame(
            {name: [(p[0], *p[2:])[i] for p in parts] for i, name in enumerate(names)}
        )

    def sheet(self, *, rows: int = SHEET_ROWS, theme: Theme = "auto") -> bytes:
        """Return a contact sheet as PNG: examples as rows, and the kinds of pictures as columns.

        Raises
        ------
        ValueError
            For more rows than a picture that opens can show (200).
        """
        from causaldsl.reports.contact_sheet import render_contact_sheet

        if whole_number(rows, "rows", 1) > MOST_SHEET_ROWS:
            raise ValueError(f"a sheet shows at most {MOST_SHEET_ROWS} rows, not {rows:,}")
        made = self.result
        columns = {"original": self.original, "reconstruction": self.reconstruction, **self.worlds}
        if self.truth is not None:
            columns[f"true {made.question.text}"] = self.truth
        own = made.own.tolist()
        labels = [
            f"row {row}: {made.question.target} = {made.levels[level]}"
            for row, level in zip(self.rows, own, strict=True)
        ]
        return render_contact_sheet(
            columns, title=f"{made.model}: {made.question.text}", labels=labels, theme=theme,
            rows=rows,
        )  # fmt: skip

    def save(self, path: str | Path, *, rows: int = SHEET_ROWS, theme: Theme = "auto") -> None:
        """Write the contact sheet, PNG."""
        from causaldsl.data.tables import written_beside

        content = self.sheet(rows=rows, theme=theme)
        with written_beside(Path(path)) as beside:
            beside.write_bytes(content)

    def save_images(self, folder: str | Path) -> Path:
        """Write every counterfactual as PNG and the table `frame` that names them; return it.

        Raises
        ------
        DataError
            CD524 if the folder cannot be written.
        """
        from causaldsl.data.findings import cannot_write
        from causaldsl.data.tables import write_table
        from causaldsl.diagnostics.model import DataError

        place = Path(folder)
        try:
            place.mkdir(exist_ok=True)
        except OSError as error:
            why = (error.strerror or type(error).__name__).lower()
            raise DataError([cannot_write(str(place), why)]) from error
        write_table(self.frame, place / TABLE)
        return place / TABLE

    @override
    def __str__(self) -> str:
        return self.head

    def _repr_html_(self) -> str:
        import base64

        sheet = base64.b64encode(self.sheet()).decode()
        return f'<pre>{html.escape(self.head)}</pre><img src="data:image/png;base64,{sheet}">'


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a fit's pictures of drawn scenes are worth, and those pictures."""

    result: SceneJudgement = field(repr=False)
    remarks: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def values(self) -> Mapping[str, Mapping[str, Any]]:
        """Metrics by name, for ``model``, ``truth`` and ``as it is``."""
        return self.result.values

    @property
    def pictures(self) -> Pictures:
        """The pictures that were judged, beside the true ones."""
        return Pictures(
            result=self.result.pictures, truth=self.result.truth, remarks=self.remarks,
            diagnostics=self.diagnostics,
        )  # fmt: skip

    @property
    def text(self) -> str:
        """The judgement as plain text."""
        return self.render(".txt")

    def render(self, suffix: str) -> str:
        """Return the judgement as text, Markdown or JSON: ``.txt``, ``.md``, ``.json``."""
        from causaldsl.reports.picture_tables import render_judgement

        return render_judgement(self.result, suffix, self.remarks, self.diagnostics)

    def save(self, path: str | Path) -> None:
        """Write the judgement by the file's suffix, or with ``.png`` the contact sheet."""
        place = Path(path)
        if place.suffix.lower() == ".png":
            self.pictures.save(place)
            return
        from causaldsl.data.tables import written_beside

        text = self.render(place.suffix)
        with written_beside(place) as beside:
            beside.write_text(text, encoding="utf-8")

    @override
    def __str__(self) -> str:
        return self.text


# --- stages ---------------------------------------------------------------------------------


def pictures(
    model: Answerer,
    table: object,
    do: Sequence[str],
    *,
    draws: int | Literal["mean"] = MEAN,
    seed: int = 0,
    truth: object | None = None,
    rows: int | None = None,
    progress: ProgressCallback = silent,
) -> Pictures:
    """Return each row's picture, reconstructed and in the worlds of one discrete variable.

    Parameters
    ----------
    do
        ``["a=a'"]``, or one level, ``["a=1"]``.
    draws
        ``mean``: the encoder's mean; a number: pictures averaged over so many draws of it.
    truth
        The true counterfactuals where they are known: a column of the table, or pictures ``(N, c,
        h, w)``, one for each of its rows. They are shown, and compared with nothing.
    rows
        The first so many rows alone.

    Raises
    ------
    CausalDslError
        When the question, the table or the encoder refuses.
    """
    from causaldsl.counterfactual.pictures import counterfactual_pictures, read_question
    from causaldsl.data.tables import FOLDER, read_table, to_frame

    scm = model.compiled.scm
    question = read_question(scm, do)
    number = None if draws == MEAN else whole_number(draws, "draws", 1)
    whole_number(seed, "seed", 0)
    frame = read_table(table) if isinstance(table, str | Path) else to_frame(table)
    known = _truth(frame, truth, model.encoding, question.image)
    if rows is not None:
        folder = frame.attrs.get(FOLDER)
        frame = frame.head(whole_number(rows, "rows", 1))
        frame.attrs |= {} if folder is None else {FOLDER: folder}
    data = bound_rows(model, frame, scm.observed)
    made = counterfactual_pictures(
        model.compiled, model.params, evidence_of(model, frame, data, scm.observed), question,
        seed=seed, state=model.state, draws=number, progress=progress,
    )  # fmt: skip
    return Pictures(
        result=made,
        truth=None if known is None else known[made.rows - 1].numpy(),
        remarks=(*model.remarks, *rows_left_out(data)),
        diagnostics=(*model.findings, *data.warnings),
    )


def _truth(frame: pd.DataFrame, truth: object | None, encoding: Encoding, image: str) -> Any:  # noqa: ANN401 (a tensor)
    """Return true counterfactuals ``(N, c, h, w)`` of a table's rows, read as its pictures are."""
    if truth is None:
        return None
    from causaldsl.data.binding import bind
    from causaldsl.data.findings import no_true_pictures
    from causaldsl.data.schema import Schema
    from causaldsl.diagnostics.model import DataError

    if isinstance(truth, str) and truth not in frame.columns:
        raise DataError([no_true_pictures(truth, list(frame.columns))])
    column = truth if isinstance(truth, str) else "truth"
    spec = replace(encoding.schema.variables[image], columns=(column,), missing="error")
    schema = Schema(name=encoding.schema.name, variables={image: spec})
    table: object = frame if isinstance(truth, str) else {column: truth}
    found = bind(table, schema, what="evidence").columns[image]
    if len(found) != len(frame):
        raise ValueError(f"{len(found):,} true pictures for {len(frame):,} rows")
    return found


def judge_scenes(
    model: Answerer,
    *,
    n: int | None = None,
    n_train: int | None = None,
    draws: int | Literal["mean"] = MEAN,
    seed: int = 0,
    resamples: int | None = 20,
    progress: ProgressCallback = silent,
) -> Judgement:
    """Return what a model's pictures of drawn scenes are worth, beside the truth and a copy.

    Parameters
    ----------
    n, n_train
        How many scenes are judged and how many the reading networks learn from; the shipped parts
        when not given.
    resamples
        How often the two sets are exchanged for the floor of the distance of features; `None` for
        estimates without intervals.

    Raises
    ------
    FairnessError
        CD815 for a model of something else than scenes.
    """
    from causaldsl.bench.scenes import judge_on_scenes
    from causaldsl.fairness.intervals import Resampling

    number = None if draws == MEAN else whole_number(draws, "draws", 1)
    whole_number(seed, "seed", 0)
    for name, count, least in (("n", n, 2), ("n_train", n_train, 20)):
        if count is not None:
            whole_number(count, name, least)
    judged = judge_on_scenes(
        model.compiled, model.params, model.state, model.encoding, n=n, n_train=n_train,
        draws=number, seed=seed, progress=progress,
        resampling=None if resamples is None else Resampling(seed=seed, resamples=resamples),
    )  # fmt: skip
    return Judgement(result=judged, remarks=model.remarks, diagnostics=model.findings)
