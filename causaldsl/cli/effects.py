"""``effects`` and ``generate``: how much one variable moves an outcome, and decoded tables."""

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
    write_out,
)
from causaldsl.cli.text import SET
from causaldsl.cli.worlds import (
    AS,
    ENGINE,
    MODEL_OR_FIT,
    check_latents,
    names_of,
    refuse_settings_of_a_fit,
)
from causaldsl.effects import EFFECT_FILES

if TYPE_CHECKING:
    from causaldsl.fairness.effects import EffectsReport
    from causaldsl.worlds import Generated


def effects(
    model: Path = MODEL_OR_FIT,
    data: Path = typer.Option(..., "--data", metavar="TABLE", help="The rows asked about."),
    do: list[str] = typer.Option(
        ..., "--do", metavar="SETTING", help="`a=a'`, or a level against each other one: `a=1`."
    ),
    outcome: str | None = typer.Option(
        None, "--outcome", metavar="NAME", help="The model's own when not given."
    ),
    by: str | None = typer.Option(
        None, "--by", metavar="NAMES", help="Strata by the levels of these, with commas."
    ),
    output: Path | None = typer.Option(
        None,
        "-o",
        "--output",
        metavar="FILE",
        help="Each row's effects as CSV or Parquet, the report as text or Markdown, both as JSON.",
    ),
    draws: int = typer.Option(
        100, "--draws", metavar="N", min=1, help="Draws of each row's latents."
    ),
    seed: int = SEED,
    engine: str | None = ENGINE,
    objective: str | None = AS,
    set_: list[str] = SET,
    train: list[str] = TRAIN,
    quiet: bool = QUIET,
) -> None:
    """Answer "how much does a move y?": in total, by strata, on the treated, and for each row."""
    check_latents(objective, engine)
    check_output(output, EFFECT_FILES, inputs=[model, data])
    names = names_of("--by", by)
    from causaldsl import pipeline

    is_saved = refuse_settings_of_a_fit(model, set_, train)
    with progress_display(quiet) as progress:
        opened = pipeline.open_model(
            model, data, overrides=overrides_of(set_), words=train_words(train, seed=seed),
            progress=progress,
        )  # fmt: skip
        found = pipeline.effects(
            opened, data, do, outcome=outcome, by=names or (), draws=draws, seed=seed,
            engine=engine, objective=objective, progress=progress,
        )  # fmt: skip
    _write_effects(found, output)
    print_diagnostics(found.findings[len(opened.findings) :] if is_saved else found.findings)
    raise typer.Exit(settled_code(model if is_saved else None, opened.fitted))


def _write_effects(found: EffectsReport, output: Path | None) -> None:
    """Print the report; write it, or the rows' own effects, where they are wanted."""
    from causaldsl.effects import EFFECT_TABLES, write_effects
    from causaldsl.reports.effects_tables import render_effects

    print(render_effects(found, ".txt"), end="")
    if output is None:
        return
    write_effects(found, output)
    units = f": {found.n_rows:,} rows, {len(found.units)} columns"
    print(f"\nwrote {output}{units if output.suffix.lower() in EFFECT_TABLES else ''}")


def generate(
    model: Path = MODEL_OR_FIT,
    data: Path = typer.Option(
        ..., "--data", metavar="TABLE", help="The rows whose latents are decoded."
    ),
    world: str = typer.Option(
        "factual", "--world", metavar="WORLD", help="`factual`, `a=1`, or `a=a'`."
    ),
    output: Path | None = typer.Option(
        None, "-o", "--output", metavar="FILE", help="CSV, Parquet or JSON."
    ),
    probabilities: bool = typer.Option(
        False, "--probabilities/--hard", help="Means of the mechanisms, or drawn values."
    ),
    keep: bool = typer.Option(
        True,
        "--keep-nondescendants/--decode-all",
        help="In another world: keep the factual decoded values of what is not below, or draw all.",
    ),
    seed: int = SEED,
    engine: str | None = ENGINE,
    objective: str | None = AS,
    set_: list[str] = SET,
    train: list[str] = TRAIN,
    quiet: bool = QUIET,
) -> None:
    """Write the rows that a model makes of given ones, in the factual world or in another."""
    check_latents(objective, engine)
    check_output(output, TABLES, inputs=[model, data])
    from causaldsl import pipeline

    is_saved = refuse_settings_of_a_fit(model, set_, train)
    with progress_display(quiet) as progress:
        opened = pipeline.open_model(
            model, data, overrides=overrides_of(set_), words=train_words(train, seed=seed),
            progress=progress,
        )  # fmt: skip
        made = pipeline.generate(
            opened, data, world, seed=seed, probabilities=probabilities, keep_nondescendants=keep,
            engine=engine, objective=objective, progress=progress,
        )  # fmt: skip
    _write_table(made, output)
    findings = made.answerer.findings
    print_diagnostics(findings[len(opened.findings) :] if is_saved else findings)
    raise typer.Exit(settled_code(model if is_saved else None, opened.fitted))


def _write_table(made: Generated, output: Path | None) -> None:
    """Write the table, and say how it was made: beside it where it goes to standard output."""
    from causaldsl.worlds import generated_head

    lines = generated_head(made)
    if output is None:
        write_out(made.frame.to_csv(index=False, lineterminator="\n"))
        print("\n".join(lines), file=sys.stderr)
        return
    from causaldsl.data.tables import write_table

    write_table(made.frame, output)
    print("\n".join(lines))
    print(f"wrote {output}: {len(made.frame):,} rows, {len(made.frame.columns)} columns")
