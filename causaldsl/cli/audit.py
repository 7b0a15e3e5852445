"""``predict`` and ``audit``: predictors, and how fair one fit's are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from causaldsl.cli.data import TABLES
from causaldsl.cli.fit import QUIET, SEED, settled_code
from causaldsl.cli.progress import progress_display
from causaldsl.cli.terminal import (
    check_output,
    fit_file,
    usage_error,
    write_file,
    write_out,
)
from causaldsl.cli.worlds import names_of

if TYPE_CHECKING:
    pass

FIT = typer.Argument(..., metavar="FIT", help="A saved fit (.fit).")
REPORT = typer.Option(
    None, "-o", "--output", metavar="FILE", help="Text, Markdown, CSV or JSON, by its name."
)
DRAWS = typer.Option(50, "--draws", metavar="N", min=1, help="Draws of each row's counterfactuals.")
EPSILON = typer.Option(
    None,
    "--epsilon",
    metavar="X",
    help="What counts as a difference, in the prediction's unit.",
)
METRICS = typer.Option(
    None, "--metrics", metavar="NAMES", help="Names with commas; all that apply by default."
)
REPORTS = (".txt", ".md", ".csv", ".json")


def predict(
    fit: Path = FIT,
    data: Path = typer.Option(..., "--data", metavar="TABLE", help="The rows to predict."),
    output: Path | None = typer.Option(
        None, "-o", "--output", metavar="FILE", help="CSV, Parquet or JSON."
    ),
    quiet: bool = QUIET,
) -> None:
    """Predict the outcome by a fit's predict lines, without a look at it."""
    del quiet  # as for the other commands, and nothing here takes long enough to show
    check_output(output, TABLES, inputs=[fit, data])
    from causaldsl import pipeline

    fitted = pipeline.load_fit(fit_file(fit))
    frame = pipeline.predict(fitted, data)
    if output is None:
        write_out(frame.to_csv(index=False, lineterminator="\n"))
    else:
        from causaldsl.data.tables import write_table

        write_table(frame, output)
        print(f"wrote {output}: {len(frame):,} rows")
    for reason, count in frame.attrs["left_out"].items():
        print(f"note: {count:,} rows left out: {reason}", file=sys.stderr)
    raise typer.Exit(settled_code(fit, fitted))


def audit(
    fit: Path = FIT,
    data: Path = typer.Option(
        ..., "--data", metavar="TABLE", help="The rows to audit, outcome and all."
    ),
    output: Path | None = REPORT,
    draws: int = DRAWS,
    epsilon: float | None = EPSILON,
    metrics: str | None = METRICS,
    seed: int = SEED,
    quiet: bool = QUIET,
) -> None:
    """Audit a fit's predictors beside the baselines: accuracy and counterfactual fairness."""
    names = check_report(output, [fit, data], epsilon, metrics)
    from causaldsl import pipeline

    fitted = pipeline.load_fit(fit_file(fit))
    with progress_display(quiet) as progress:
        report = pipeline.audit(
            fitted, data, draws=draws, seed=seed, epsilon=epsilon, metrics=names,
            progress=progress,
        )  # fmt: skip
    from causaldsl.reports.formats import render_as

    write_report(lambda suffix: render_as(report, suffix), output)
    raise typer.Exit(settled_code(fit, fitted))


def check_report(
    output: Path | None, inputs: Sequence[Path], epsilon: float | None, metrics: str | None
) -> list[str] | None:
    """Refuse what cannot work before the work begins, and return the metrics' names."""
    check_output(output, REPORTS, inputs=inputs)
    if epsilon is not None and not 0 <= epsilon < float("inf"):
        raise usage_error(f"--epsilon is a difference from 0 upwards, not {epsilon:g}")
    return names_of("--metrics", metrics)


def write_report(render: Callable[[str], str], output: Path | None) -> None:
    """Write what `render` gives for a file's suffix into that file, or print it as text."""
    if output is None:
        print(render(".txt"), end="")
        return
    write_file(output, render(output.suffix))
    print(f"wrote {output}")
