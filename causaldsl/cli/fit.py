"""``fit``: learn a model's numbers from a table."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from causaldsl.cli import exit_codes
from causaldsl.cli.progress import progress_display
from causaldsl.cli.terminal import (
    check_output,
    listed,
    model_file,
    overrides_of,
    print_diagnostics,
    usage_error,
)
from causaldsl.cli.text import MODEL, SET

if TYPE_CHECKING:
    from causaldsl.inference.fitted import FittedScm

DATA = typer.Option(..., "--data", metavar="TABLE", help="The table: CSV, Parquet or Arrow.")
TRAIN = typer.Option(
    [], "--train", metavar="WORD=VALUE", help="Override a word of `train`, such as epochs=200."
)
QUIET = typer.Option(False, "--quiet", "-q", help="No progress.")


def _seed(value: int) -> int:
    if not 0 <= value < 2**63:
        raise usage_error(f"--seed is a whole number from 0, not {value}")
    return value


SEED = typer.Option(
    0, "--seed", metavar="N", callback=_seed, help="Every random number follows from it."
)
METHODS = ("svi", "nuts")
_NO_FIT = (".csv", ".tsv", ".parquet", ".json", ".scm", ".py", ".gz", ".feather", ".arrow")


def train_words(train: list[str], **given: object) -> dict[str, object]:
    """Return the words of `--train` and of the options that stand for one."""
    words: dict[str, object] = {}
    for pair in train:
        name, sign, value = (part.strip() for part in pair.partition("="))
        if not sign or not name or not value:
            raise usage_error(f"--train wants WORD=VALUE, not `{pair}`")
        if name in words:
            raise usage_error(f"--train gives `{name}` twice")
        words[name] = value
    twice = next((n for n, option in given.items() if option is not None and n in words), None)
    if twice is not None:
        raise usage_error(f"`{twice}` is given twice: by --train and by its own option")
    return words | {k: v for k, v in given.items() if v is not None}


def fit(
    file: Path = MODEL,
    data: Path = DATA,
    output: Path | None = typer.Option(
        None, "-o", "--output", metavar="FILE", help="Where to write the fit (.fit)."
    ),
    method: str = typer.Option(
        "svi", "--method", metavar="METHOD", help="svi, or nuts for small models."
    ),
    epochs: int | None = typer.Option(None, "--epochs", metavar="N", help="At most so many."),
    learning_rate: float | None = typer.Option(
        None, "--learning-rate", metavar="X", help="The optimiser's step size."
    ),
    batch_size: str | None = typer.Option(
        None, "--batch-size", metavar="N", help="Rows of a step, or `all`."
    ),
    validation: float | None = typer.Option(
        None, "--validation", metavar="SHARE", help="Share of rows set apart."
    ),
    patience: int | None = typer.Option(
        None, "--patience", metavar="N", help="Epochs without a gain before it ends."
    ),
    seed: int | None = typer.Option(
        None, "--seed", metavar="N", help="Every random number follows from it."
    ),
    train: list[str] = TRAIN,
    checkpoint: Path | None = typer.Option(
        None, "--checkpoint", metavar="FILE", help="Keep the state of the run here."
    ),
    resume: Path | None = typer.Option(
        None, "--resume", metavar="FILE", help="Go on from this checkpoint."
    ),
    set_: list[str] = SET,
    quiet: bool = QUIET,
) -> None:
    """Fit a model to a table.

    Exits with 5 when the fit has not converged. Ctrl-C ends it early, keeps what there is (with
    -o) and exits with 5; a second Ctrl-C gives up.
    """
    if method not in METHODS:
        raise usage_error(f"`{method}` is no method: {listed(METHODS)}")
    if method == "nuts" and (checkpoint is not None or resume is not None):
        raise usage_error("--checkpoint and --resume go with --method svi")
    words = train_words(
        train, epochs=epochs, learning_rate=learning_rate, batch_size=batch_size,
        validation=validation, patience=patience, seed=seed,
    )  # fmt: skip
    inputs = [file, data, *([resume] if resume is not None else [])]
    check_output(output, inputs=inputs)
    if output is not None and output.suffix.lower() in _NO_FIT:
        raise usage_error(f"-o {output}: a fit is no {output.suffix} file; name it .fit")
    check_output(checkpoint, inputs=[file, data])
    overrides = overrides_of(set_)

    from causaldsl import pipeline

    with progress_display(quiet) as progress:
        fitted = pipeline.fit(
            model_file(file), data, overrides=overrides, words=words, method=method,
            progress=progress, checkpoint=checkpoint, resume=resume,
        )  # fmt: skip
    if output is not None:
        pipeline.save_fit(fitted, output)
    report(fitted)
    if output is not None:
        print(f"wrote {output}")
    print_diagnostics(fitted.result.diagnostics)
    raise typer.Exit(exit_codes.OK if fitted.result.converged else exit_codes.REFUSED)


def settled_code(saved: Path | None, fitted: FittedScm | None) -> int:
    """Return the exit code that a fit's convergence asks for; say what a saved one warned of."""
    from causaldsl.diagnostics.codes import CODES

    if fitted is None:
        return exit_codes.OK
    result = fitted.result
    if saved is not None and result.diagnostics:
        codes = dict.fromkeys(d.code for d in result.diagnostics)
        said = "; ".join(f"{CODES[code].title} ({code})" for code in codes)
        text = f"note: {saved} carries these findings: {said}"
        print(textwrap.fill(text, 80, subsequent_indent="  "), file=sys.stderr)
    return exit_codes.OK if result.converged else exit_codes.REFUSED


def report(fitted: FittedScm) -> None:
    """Print what a fit found, in a few lines."""
    from causaldsl.reports.fit_text import fit_lines

    for line in fit_lines(fitted):
        print(line)
