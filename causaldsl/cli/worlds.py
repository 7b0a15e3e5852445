"""``counterfactual`` and ``simulate``: what would have been, and rows drawn from a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from causaldsl.cli.data import TABLES
from causaldsl.cli.fit import QUIET, SEED, TRAIN, settled_code, train_words
from causaldsl.cli.progress import progress_display
from causaldsl.cli.terminal import (
    check_output,
    overrides_of,
    print_diagnostics,
    usage_error,
    write_out,
)
from causaldsl.cli.text import SET
from causaldsl.engines.names import ENGINE_NAMES

if TYPE_CHECKING:
    from causaldsl.counterfactual.result import CounterfactualResult
    from causaldsl.pipeline import Answerer

MODEL_OR_FIT = typer.Argument(
    ..., metavar="MODEL", help="A saved fit, or a model file (.scm), which is fitted first."
)
OUTPUT = typer.Option(None, "-o", "--output", metavar="FILE", help="CSV, Parquet or JSON.")
OBJECTIVES = ("posterior", "encoder")
ENGINE = typer.Option(
    None,
    "--engine",
    metavar="NAME",
    help=f"The posterior by this engine: {', '.join(ENGINE_NAMES)}.",
)
AS = typer.Option(
    None, "--as", metavar="KIND", help="`posterior` or `encoder`: whose draws of the latents."
)


def counterfactual(
    model: Path = MODEL_OR_FIT,
    data: Path = typer.Option(..., "--data", metavar="TABLE", help="The rows asked about."),
    do: list[str] = typer.Option(
        ..., "--do", metavar="SETTING", help="`S=Black`, `S=s'`, `X <- X + 1`; repeatable."
    ),
    evidence: str | None = typer.Option(
        None,
        "--evidence",
        metavar="NAMES",
        help="Names with commas; every observed column when not given.",
    ),
    output: Path | None = OUTPUT,
    draws: int = typer.Option(
        200, "--draws", metavar="N", min=1, help="Draws of each row's posterior."
    ),
    seed: int = SEED,
    engine: str | None = ENGINE,
    objective: str | None = AS,
    set_: list[str] = SET,
    train: list[str] = TRAIN,
    quiet: bool = QUIET,
) -> None:
    """Answer "what would this row have been, had S been s'?"."""
    check_latents(objective, engine)
    check_output(output, TABLES, inputs=[model, data])
    names = names_of("--evidence", evidence)
    from causaldsl import pipeline

    is_saved = refuse_settings_of_a_fit(model, set_, train)
    with progress_display(quiet) as progress:
        opened = pipeline.open_model(
            model, data, overrides=overrides_of(set_), words=train_words(train, seed=seed),
            progress=progress,
        )  # fmt: skip
        result, answered = pipeline.counterfactual(
            opened, data, do, evidence=names, draws=draws, seed=seed, engine=engine,
            objective=objective, progress=progress,
        )  # fmt: skip
    _print_head(result, answered)
    if output is not None:
        from causaldsl.data.tables import write_table

        frame = pipeline.counterfactual_frame(result)
        write_table(frame, output)
        print(f"wrote {output}: {len(frame):,} rows, {len(frame.columns)} columns")
    else:
        _print_summary(result)
    if not is_saved:
        print_diagnostics(answered.findings)
    else:
        print_diagnostics(answered.findings[len(opened.findings) :])
    raise typer.Exit(settled_code(model if is_saved else None, answered.fitted))


def check_latents(objective: str | None, engine: str | None) -> None:
    """Refuse words that say nothing, or too much, on where the latents come from."""
    from causaldsl.worlds import settled_objective

    if objective is not None and objective not in OBJECTIVES:
        raise usage_error(f"--as is `posterior` or `encoder`, not `{objective}`")
    settled_objective(objective, engine)


def names_of(option: str, text: str | None) -> list[str] | None:
    """Return names with commas between them, None when the option is not given."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise usage_error(f"{option} wants names with commas between them, not `{text}`")
    return names


def refuse_settings_of_a_fit(model: Path, set_: list[str], train: list[str]) -> bool:
    """Return whether the model is a saved fit, in which params and training are settled."""
    from causaldsl.pipeline import is_fit_file

    is_saved = is_fit_file(model)
    for option, given in (("--set", set_), ("--train", train)):
        if is_saved and given:
            raise usage_error(f"{option} changes nothing in a saved fit; give the model file")
    return is_saved


def _print_head(result: CounterfactualResult, answered: Answerer) -> None:
    from causaldsl.reports.worlds_text import head_lines

    for line in head_lines(result, answered.compiled.scm.name, answered.remarks):
        print(line)


def _print_summary(result: CounterfactualResult) -> None:
    from causaldsl.reports.worlds_text import summary_lines

    for line in summary_lines(result):
        print(line)


def simulate(
    model: Path = typer.Argument(
        ..., metavar="MODEL", help="A file that gives every number, or a saved fit."
    ),
    rows: int = typer.Option(
        1000, "-n", "--rows", metavar="N", min=1, max=100_000_000, help="How many rows."
    ),
    output: Path | None = OUTPUT,
    do: list[str] = typer.Option(
        [], "--do", metavar="SETTING", help="Draw under this intervention; repeatable."
    ),
    worlds: list[str] = typer.Option(
        [],
        "--worlds",
        metavar="SETTING",
        help="Also each row's true counterfactuals, such as `S=s'`.",
    ),
    latents: bool = typer.Option(False, "--latents", help="Also the unobserved variables."),
    seed: int = SEED,
    set_: list[str] = SET,
) -> None:
    """Draw rows from a model."""
    check_output(output, TABLES, inputs=[model])
    from causaldsl import pipeline

    is_saved = refuse_settings_of_a_fit(model, set_, [])
    opened = pipeline.open_model(model, None, overrides=overrides_of(set_))
    frame = pipeline.simulate(opened, rows, seed, do=do, worlds=worlds, latents=latents)
    if output is None:
        from causaldsl.data.images import is_picture

        pictures = [name for name in frame.columns if is_picture(frame[name].iloc[0])]
        write_out(frame.drop(columns=pictures).to_csv(index=False, lineterminator="\n"))
        if pictures:
            names = ", ".join(f"`{name}`" for name in pictures)
            print(f"note: {names}: pictures are written beside a file, give -o", file=sys.stderr)
    else:
        from causaldsl.data.tables import write_table

        write_table(frame, output)
        print(f"wrote {output}: {len(frame):,} rows, {len(frame.columns)} columns, seed {seed}")
    raise typer.Exit(settled_code(model if is_saved else None, opened.fitted))
