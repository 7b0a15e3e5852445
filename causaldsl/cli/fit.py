"""``fit``: learn a model's numbers from a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from causaldsl.cli import exit_codes
from causaldsl.cli.terminal import overrides_of, print_diagnostics, progress_bar, usage_error
from causaldsl.cli.text import SET

if TYPE_CHECKING:
    from causaldsl.inference.fitted import FittedScm

DATA = typer.Option(..., "--data", help="The table: CSV, Parquet or Arrow.")
TRAIN = typer.Option(
    [], "--train", metavar="WORD=VALUE", help="Override a word of `train`, such as epochs=200."
)
QUIET = typer.Option(False, "--quiet", "-q", help="No progress.")
SEED = typer.Option(0, "--seed", help="Every random number follows from it.")


def train_words(train: list[str], **given: object) -> dict[str, object]:
    """Return the words of `--train` and of the options that stand for one."""
    words: dict[str, object] = {}
    for pair in train:
        name, sign, value = pair.partition("=")
        if not sign:
            raise usage_error(f"--train wants WORD=VALUE, not `{pair}`")
        words[name.strip()] = value.strip()
    return words | {k: v for k, v in given.items() if v is not None}


def fit(
    file: Path = typer.Argument(..., help="A model file."),
    data: Path = DATA,
    output: Path | None = typer.Option(None, "-o", "--output", help="Where to write the fit."),
    method: str = typer.Option("svi", "--method", help="svi, or nuts for small models."),
    epochs: int | None = typer.Option(None, "--epochs", help="At most so many."),
    learning_rate: float | None = typer.Option(None, "--learning-rate"),
    batch_size: str | None = typer.Option(None, "--batch-size", help="A number, or `all`."),
    validation: float | None = typer.Option(None, "--validation", help="Share of rows set apart."),
    patience: int | None = typer.Option(None, "--patience", help="Epochs without a gain."),
    seed: int | None = typer.Option(None, "--seed", help="Every random number follows from it."),
    train: list[str] = TRAIN,
    checkpoint: Path | None = typer.Option(None, "--checkpoint", help="Keep checkpoints here."),
    resume: Path | None = typer.Option(None, "--resume", help="Go on from this checkpoint."),
    set_: list[str] = SET,
    quiet: bool = QUIET,
) -> None:
    """Fit a model to a table. Exits with 5 when the fit has not converged."""
    from causaldsl import pipeline

    if method not in ("svi", "nuts"):
        raise usage_error(f"`{method}` is no method; there are svi and nuts")
    words = train_words(
        train, epochs=epochs, learning_rate=learning_rate, batch_size=batch_size,
        validation=validation, patience=patience, seed=seed,
    )  # fmt: skip
    with progress_bar(quiet) as progress:
        fitted = pipeline.fit(
            file, data, overrides=overrides_of(set_), words=words, method=method,
            progress=progress, checkpoint=checkpoint, resume=resume,
        )  # fmt: skip
    if output is not None:
        pipeline.save_fit(fitted, output)
    report(fitted)
    print_diagnostics(fitted.result.diagnostics)
    if output is not None:
        print(f"wrote {output}")
    raise typer.Exit(exit_codes.OK if fitted.result.converged else exit_codes.REFUSED)


def report(fitted: FittedScm) -> None:
    """Print what a fit found, in a few lines."""
    from causaldsl.reports.fit_text import fit_lines

    for line in fit_lines(fitted):
        print(line)
