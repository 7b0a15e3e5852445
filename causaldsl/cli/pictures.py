"""``pictures``: what an image would have shown, as a contact sheet, as files, and judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from causaldsl.answering import is_fit_file
from causaldsl.cli.fit import QUIET, SEED, TRAIN, settled_code, train_words
from causaldsl.cli.progress import progress_display
from causaldsl.cli.terminal import (
    check_output,
    overrides_of,
    print_diagnostics,
    usage_error,
)
from causaldsl.cli.text import SET
from causaldsl.cli.worlds import MODEL_OR_FIT, refuse_settings_of_a_fit
from causaldsl.pictures import MOST_SHEET_ROWS, SHEET_ROWS

if TYPE_CHECKING:
    from causaldsl.pictures import Judgement, Pictures

SHEETS = (".png",)
REPORTS = (".png", ".txt", ".md", ".json")


def pictures(
    model: Path = MODEL_OR_FIT,
    data: Path | None = typer.Option(
        None, "--data", metavar="TABLE", help="The rows whose pictures are asked about."
    ),
    do: list[str] = typer.Option(
        [], "--do", metavar="SETTING", help="`a=a'`, or one level of one variable: `a=1`."
    ),
    output: Path | None = typer.Option(
        None,
        "-o",
        "--output",
        metavar="FILE",
        help="The contact sheet (PNG); with --judge also the report (text, Markdown, JSON).",
    ),
    rows: int | None = typer.Option(
        None,
        "--rows",
        metavar="N",
        min=1,
        help="The first rows alone; else the sheet shows 12, and --images writes all.",
    ),
    images: Path | None = typer.Option(
        None, "--images", metavar="DIR", help="Write every counterfactual as PNG, and a table."
    ),
    truth: str | None = typer.Option(
        None, "--truth", metavar="COLUMN", help="The table's column of true counterfactuals."
    ),
    draws: str = typer.Option(
        "mean", "--draws", metavar="N", help="Average over draws of the latents, not their mean."
    ),
    judge: bool = typer.Option(
        False, "--judge", help="Metrics on drawn scenes whose counterfactuals are known."
    ),
    seed: int = SEED,
    set_: list[str] = SET,
    train: list[str] = TRAIN,
    quiet: bool = QUIET,
) -> None:
    """Show what pictures would have been: original, reconstruction and counterfactual."""
    number = _draws(draws)
    inputs = [model, *([data] if data is not None else [])]
    check_output(output, REPORTS if judge else SHEETS, inputs=inputs)
    if images is not None:
        table = images / "pictures.csv" if images.is_dir() else images
        check_output(table, option="--images")
    if judge and (do or truth is not None or images is not None):
        raise usage_error("--judge draws its own scenes and flips `a`: leave out --do and the like")
    if judge and data is not None and is_fit_file(model):
        raise usage_error("--judge draws its own scenes: --data changes nothing with a saved fit")
    _check_rows(rows, output, is_judged=judge)
    if not judge and (data is None or not do):
        raise usage_error("name the rows with --data and the change with --do, or --judge the fit")
    if not judge and output is None and images is None:
        raise usage_error("name what is to be written: -o SHEET.png, --images DIR, or both")
    from causaldsl import pipeline

    is_saved = refuse_settings_of_a_fit(model, set_, train)
    made: Pictures | Judgement
    with progress_display(quiet) as progress:
        opened = pipeline.open_model(
            model, data, overrides=overrides_of(set_), words=train_words(train, seed=seed),
            progress=progress,
        )  # fmt: skip
        if judge:
            made = pipeline.judge_scenes(opened, draws=number, seed=seed, progress=progress)
        else:
            made = pipeline.pictures(
                opened, data, do, truth=truth,
                rows=SHEET_ROWS if rows is None and images is None else rows,
                draws=number, seed=seed, progress=progress,
            )  # fmt: skip
    findings = made.diagnostics[len(opened.findings) :] if is_saved else made.diagnostics
    print(replace(made, diagnostics=()))
    _write(made, output, images, rows)
    print_diagnostics(findings)
    raise typer.Exit(settled_code(model if is_saved else None, opened.fitted))


def _check_rows(rows: int | None, output: Path | None, *, is_judged: bool) -> None:
    """Refuse a number of rows that changes nothing, or makes a sheet that no viewer opens."""
    is_sheet = output is not None and output.suffix.lower() == ".png"
    if rows is None:
        return
    if is_judged and not is_sheet:
        raise usage_error("--rows changes nothing with --judge unless -o names a sheet (.png)")
    if is_sheet and rows > MOST_SHEET_ROWS:
        raise usage_error(
            f"--rows: a sheet shows at most {MOST_SHEET_ROWS} rows, not {rows:,}; "
            "--images writes every picture"
        )


def _draws(text: str) -> int | Literal["mean"]:
    if text == "mean":
        return "mean"
    if not text.isdecimal() or int(text) < 1:
        raise usage_error(f"--draws is `mean` or a whole number from 1, not `{text}`")
    return int(text)


def _write(
    made: Pictures | Judgement, output: Path | None, images: Path | None, rows: int | None
) -> None:
    """Write the sheet or the report, and the pictures one by one, and say what was written."""
    from causaldsl.pictures import Pictures

    shown = made if isinstance(made, Pictures) else made.pictures
    if output is not None and output.suffix.lower() == ".png":
        many = SHEET_ROWS if rows is None else rows
        shown.save(output, rows=many)
        print(f"wrote {output}: {min(many, len(shown.rows)):,} rows")
    elif output is not None and not isinstance(made, Pictures):
        made.save(output)
        print(f"wrote {output}")
    if images is not None:
        table = shown.save_images(images)
        print(f"wrote {table}: {len(shown.frame):,} pictures")
