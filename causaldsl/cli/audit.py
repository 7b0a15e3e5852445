"""``predict``, ``audit`` and ``compare``: predictors, how fair one fit's are, many methods."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from causaldsl.cli import exit_codes
from causaldsl.cli.data import TABLES
from causaldsl.cli.fit import QUIET, SEED, TRAIN, settled_code, train_words
from causaldsl.cli.progress import progress_display
from causaldsl.cli.terminal import (
    check_output,
    fit_file,
    model_file,
    overrides_of,
    usage_error,
    write_file,
    write_out,
)
from causaldsl.cli.text import SET
from causaldsl.cli.worlds import names_of

if TYPE_CHECKING:
    from causaldsl.bench.table import FairnessTable
    from causaldsl.fairness.audit import FairnessReport

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
MOST_SPLITS = 1000
#: Findings of a fit that did not end where it should.
_UNSETTLED = ("CD620", "CD623")


def predict(
    fit: Path = FIT,
    data: Path = typer.Option(..., "--data", metavar="TABLE", help="The rows to predict."),
    output: Path | None = typer.Option(
        None, "-o", "--output", metavar="FILE", help="CSV, Parquet or JSON."
    ),
) -> None:
    """Predict the outcome by a fit's predict lines, without a look at it."""
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
    names = _check_report(output, [fit, data], epsilon, metrics)
    from causaldsl import pipeline

    fitted = pipeline.load_fit(fit_file(fit))
    with progress_display(quiet) as progress:
        report = pipeline.audit(
            fitted, data, draws=draws, seed=seed, epsilon=epsilon, metrics=names,
            progress=progress,
        )  # fmt: skip
    _write(report, output)
    raise typer.Exit(settled_code(fit, fitted))


def compare(
    models: list[Path] = typer.Argument(..., metavar="MODEL", help="Model files (.scm)."),
    data: Path = typer.Option(..., "--data", metavar="TABLE", help="The table."),
    seeds: str = typer.Option(
        "5", "--seeds", metavar="N", help="How many splits, or their seeds: 0,1,7."
    ),
    output: Path | None = REPORT,
    world: str | None = typer.Option(
        None, "--world", metavar="NAME", help="The model that judges everybody; else the first."
    ),
    worlds: Path | None = typer.Option(
        None, "--worlds", metavar="FIT", help="A saved fit that judges everybody."
    ),
    draws: int = DRAWS,
    epsilon: float | None = EPSILON,
    metrics: str | None = METRICS,
    train: list[str] = TRAIN,
    set_: list[str] = SET,
    quiet: bool = QUIET,
) -> None:
    """Compare models and baselines over splits of one table: methods x metrics, mean ± sd."""
    names = _check_report(output, [*models, data], epsilon, metrics)
    numbers, words, overrides = _seeds(seeds), train_words(train), overrides_of(set_)
    if "seed" in words:
        raise usage_error("the splits have seeds of their own: give --seeds")
    _check_models(models, world)
    if world is not None and worlds is not None:
        raise usage_error("--world and --worlds both name the judge: give one of them")
    from causaldsl import pipeline

    with progress_display(quiet) as progress:
        table = pipeline.compare(
            models, data, seeds=numbers, draws=draws, world=world,
            worlds=None if worlds is None else fit_file(worlds), epsilon=epsilon, metrics=names,
            words=words, overrides=overrides, name=data.name, progress=progress,
        )  # fmt: skip
    _write(table, output)
    unsettled = any(found.finding.code in _UNSETTLED for found in table.fit_findings)
    raise typer.Exit(exit_codes.REFUSED if unsettled else exit_codes.OK)


def _check_report(
    output: Path | None, inputs: Sequence[Path], epsilon: float | None, metrics: str | None
) -> list[str] | None:
    """Refuse what cannot work before the work begins, and return the metrics' names."""
    check_output(output, REPORTS, inputs=inputs)
    if epsilon is not None and not 0 <= epsilon < float("inf"):
        raise usage_error(f"--epsilon is a difference from 0 upwards, not {epsilon:g}")
    return names_of("--metrics", metrics)


def _check_models(models: Sequence[Path], world: str | None) -> None:
    """Refuse two models of one name, and a judge that is none of them."""
    from causaldsl import pipeline
    from causaldsl.diagnostics.suggest import did_you_mean

    names = [pipeline.checked_scm(model_file(path)).name for path in models]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise usage_error(f"two of the models are called `{twice}`; their names must differ")
    if world is not None and world not in names:
        hint = did_you_mean(world, names) or f"there are {', '.join(names)}"
        raise usage_error(f"--world: none of the models is called `{world}`; {hint}")


def _seeds(text: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise usage_error(f"--seeds is a number of splits or a list, not `{text}`") from None
    if any(not 0 <= n < 2**32 for n in numbers):
        raise usage_error("--seeds wants whole numbers from 0 to 4,294,967,295")
    if len(numbers) > 1:
        if len(set(numbers)) < len(numbers):
            raise usage_error("--seeds names a split twice")
        return numbers
    if not 1 <= numbers[0] <= MOST_SPLITS:
        raise usage_error(f"--seeds wants 1 to {MOST_SPLITS:,} splits, not {numbers[0]:,}")
    return list(range(numbers[0]))


def _write(result: FairnessTable | FairnessReport, output: Path | None) -> None:
    from causaldsl.reports.formats import render_as

    if output is None:
        print(render_as(result, ".txt"), end="")
        return
    write_file(output, render_as(result, output.suffix))
    print(f"wrote {output}")
