"""``predict``, ``audit`` and ``compare``: predictors, how fair one fit's are, many methods."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from causaldsl.cli import exit_codes
from causaldsl.cli.fit import QUIET, SEED, TRAIN, train_words
from causaldsl.cli.terminal import (
    overrides_of,
    print_diagnostics,
    progress_bar,
    usage_error,
    write_file,
)
from causaldsl.cli.text import SET

FIT = typer.Argument(..., help="A saved fit.")
DRAWS = typer.Option(50, "--draws", min=1, help="Draws of each row's counterfactuals.")
EPSILON = typer.Option(
    None, "--epsilon", help="What counts as a difference, in the prediction's unit."
)
METRICS = typer.Option(None, "--metrics", help="Names with commas; all that apply by default.")


def predict(
    fit: Path = FIT,
    data: Path = typer.Option(..., "--data", help="The rows to predict."),
    output: Path | None = typer.Option(None, "-o", "--output", help="CSV, Parquet or JSON."),
) -> None:
    """Predict the outcome by a fit's ``predict`` lines, without a look at it."""
    from causaldsl import pipeline

    frame = pipeline.predict(pipeline.load_fit(fit), data)
    if output is None:
        sys.stdout.write(frame.to_csv(index=False))
        return
    from causaldsl.data.tables import write_table

    write_table(frame, output)
    print(f"wrote {output}: {len(frame):,} rows")


def audit(
    fit: Path = FIT,
    data: Path = typer.Option(..., "--data", help="The rows to audit, outcome and all."),
    output: Path | None = typer.Option(None, "-o", "--output", help="CSV, Markdown or JSON."),
    draws: int = DRAWS,
    epsilon: float | None = EPSILON,
    metrics: str | None = METRICS,
    seed: int = SEED,
    quiet: bool = QUIET,
) -> None:
    """Audit a fit's predictors beside the baselines: accuracy and counterfactual fairness."""
    from causaldsl import pipeline
    from causaldsl.reports.tables import document_of_audit

    fitted = pipeline.load_fit(fit)
    with progress_bar(quiet) as progress:
        report = pipeline.audit(
            fitted, data, draws=draws, seed=seed, epsilon=epsilon, metrics=_names(metrics),
            progress=progress,
        )  # fmt: skip
    _write(report, document_of_audit(report), output)
    print_diagnostics(fitted.result.diagnostics)
    raise typer.Exit(exit_codes.OK if fitted.result.converged else exit_codes.REFUSED)


def compare(
    models: list[Path] = typer.Argument(..., help="Model files."),
    data: Path = typer.Option(..., "--data", help="The table."),
    seeds: str = typer.Option("5", "--seeds", help="How many splits, or their seeds: 0,1,7."),
    output: Path | None = typer.Option(None, "-o", "--output", help="CSV, Markdown or JSON."),
    world: str | None = typer.Option(None, "--world", help="The model that judges everybody."),
    draws: int = DRAWS,
    epsilon: float | None = EPSILON,
    metrics: str | None = METRICS,
    train: list[str] = TRAIN,
    set_: list[str] = SET,
    quiet: bool = QUIET,
) -> None:
    """Compare models and baselines over splits of one table: methods x metrics, mean ± sd."""
    from causaldsl import pipeline
    from causaldsl.reports.tables import document_of_comparison

    with progress_bar(quiet) as progress:
        table = pipeline.compare(
            models, data, seeds=_seeds(seeds), draws=draws, world=world, epsilon=epsilon,
            metrics=_names(metrics), words=train_words(train), overrides=overrides_of(set_),
            name=data.name, progress=progress,
        )  # fmt: skip
    _write(table, document_of_comparison(table), output)


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [n.strip() for n in text.split(",") if n.strip()]


def _seeds(text: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise usage_error(f"--seeds is a number of splits or a list, not `{text}`") from None
    if any(n < 0 for n in numbers) or (len(numbers) == 1 and numbers[0] < 1):
        raise usage_error("--seeds wants at least one split, and no negative seed")
    return list(range(numbers[0])) if len(numbers) == 1 else numbers


def _write(result: object, document: object, output: Path | None) -> None:
    from causaldsl.reports.render_json import render_csv, render_json
    from causaldsl.reports.render_markdown import render_markdown
    from causaldsl.reports.render_text import render_text

    if output is None:
        print(render_text(document))  # type: ignore[arg-type]  # the document of this result
        return
    suffix = output.suffix.lower()
    if suffix == ".json":
        text = render_json(result)  # type: ignore[arg-type]  # a table or a report
    elif suffix == ".csv":
        text = render_csv(result)  # type: ignore[arg-type]  # a table or a report
    elif suffix in (".md", ".markdown"):
        text = render_markdown(document)  # type: ignore[arg-type]  # the document of this result
    elif suffix == ".txt":
        text = render_text(document)  # type: ignore[arg-type]  # the document of this result
    else:
        raise usage_error(f"`{output}`: write .csv, .md, .txt or .json")
    write_file(output, text)
    print(f"wrote {output}")
