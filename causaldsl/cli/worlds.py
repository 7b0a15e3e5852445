"""``counterfactual`` and ``simulate``: what would have been, and rows drawn from a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from causaldsl.cli import exit_codes
from causaldsl.cli.fit import QUIET, SEED, TRAIN, train_words
from causaldsl.cli.terminal import overrides_of, print_diagnostics, progress_bar, usage_error
from causaldsl.cli.text import SET

if TYPE_CHECKING:
    from causaldsl.counterfactual.result import CounterfactualResult
    from causaldsl.pipeline import Answerer


def counterfactual(
    model: Path = typer.Argument(..., help="A saved fit, or a model file."),
    data: Path = typer.Option(..., "--data", help="The rows asked about."),
    do: list[str] = typer.Option(..., "--do", help="`S=Black`, `S=s'`, `X <- X + 1`; repeatable."),
    evidence: str | None = typer.Option(
        None, "--evidence", help="Names with commas; every observed column when not given."
    ),
    output: Path | None = typer.Option(None, "-o", "--output", help="CSV, Parquet or JSON."),
    draws: int = typer.Option(200, "--draws", help="Draws of each row's posterior."),
    seed: int = SEED,
    engine: str | None = typer.Option(None, "--engine", help="Use this engine."),
    objective: str | None = typer.Option(None, "--as", help="`posterior` or `encoder`."),
    set_: list[str] = SET,
    train: list[str] = TRAIN,
    quiet: bool = QUIET,
) -> None:
    """Answer "what would this row have been, had S been s'?"."""
    from causaldsl import pipeline

    if objective not in (None, "posterior", "encoder"):
        raise usage_error(f"--as is `posterior` or `encoder`, not `{objective}`")
    names = None if evidence is None else [n.strip() for n in evidence.split(",") if n.strip()]
    with progress_bar(quiet) as progress:
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

        write_table(pipeline.counterfactual_frame(result, answered), output)
        print(f"wrote {output}")
    else:
        _print_summary(result)
    print_diagnostics(answered.findings)
    unsettled = answered.fitted is not None and not answered.fitted.result.converged
    raise typer.Exit(exit_codes.REFUSED if unsettled else exit_codes.OK)


def _print_head(result: CounterfactualResult, answered: Answerer) -> None:
    from causaldsl.reports.worlds_text import head_lines

    for line in head_lines(result, answered.compiled.scm.name, answered.remarks):
        print(line)


def _print_summary(result: CounterfactualResult) -> None:
    from causaldsl.reports.worlds_text import summary_lines

    for line in summary_lines(result):
        print(line)


def simulate(
    model: Path = typer.Argument(..., help="A file that gives every number, or a saved fit."),
    rows: int = typer.Option(1000, "-n", "--rows", min=1, help="How many rows."),
    output: Path | None = typer.Option(None, "-o", "--output", help="CSV, Parquet or JSON."),
    do: list[str] = typer.Option([], "--do", help="Draw under this intervention."),
    worlds: list[str] = typer.Option(
        [], "--worlds", help="Also each row's true counterfactuals, such as `S=s'`."
    ),
    latents: bool = typer.Option(False, "--latents", help="Also the unobserved variables."),
    seed: int = SEED,
    set_: list[str] = SET,
) -> None:
    """Draw rows from a model."""
    from causaldsl import pipeline

    opened = pipeline.open_model(model, None, overrides=overrides_of(set_))
    frame = pipeline.simulate(opened, rows, seed, do=do, worlds=worlds, latents=latents)
    if output is None:
        print(frame.to_csv(index=False), end="")
        return
    from causaldsl.data.tables import write_table

    write_table(frame, output)
    print(f"wrote {output}: {len(frame):,} rows, {len(frame.columns)} columns, seed {seed}")
