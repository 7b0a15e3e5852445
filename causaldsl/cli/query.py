"""``query``: the values of a file's ``query`` lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from causaldsl.cli.fit import QUIET, SEED, TRAIN, settled_code, train_words
from causaldsl.cli.progress import progress_display
from causaldsl.cli.terminal import overrides_of, print_diagnostics, write_out
from causaldsl.cli.text import SET
from causaldsl.cli.worlds import MODEL_OR_FIT, refuse_settings_of_a_fit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from causaldsl.pipeline import QueryAnswer


def query(
    model: Path = MODEL_OR_FIT,
    names: list[str] = typer.Argument(
        None, metavar="NAME", help="Which queries; all of them when not given."
    ),
    data: Path | None = typer.Option(
        None, "--data", metavar="TABLE", help="The table to fit a model file to first."
    ),
    rows: int = typer.Option(
        100_000, "-n", "--rows", metavar="N", min=1000, max=100_000_000, help="Rows to draw."
    ),
    seed: int = SEED,
    json_: bool = typer.Option(False, "--json", help="Print the answers as JSON."),
    set_: list[str] = SET,
    train: list[str] = TRAIN,
    quiet: bool = QUIET,
) -> None:
    """Answer the query lines of a model, over rows drawn from it."""
    from causaldsl import pipeline

    is_saved = refuse_settings_of_a_fit(model, set_, train)
    with progress_display(quiet) as progress:
        opened = pipeline.open_model(
            model, data, overrides=overrides_of(set_), words=train_words(train, seed=seed),
            progress=progress,
        )  # fmt: skip
        answers = pipeline.query(opened, names or None, seed=seed, n_rows=rows)
    if json_:
        _print_json(answers)
    else:
        _print_text(opened.remarks, answers)
    if not is_saved:
        print_diagnostics(opened.findings)
    raise typer.Exit(settled_code(model if is_saved else None, opened.fitted))


def _print_text(remarks: tuple[str, ...], answers: Mapping[str, QueryAnswer]) -> None:
    from causaldsl.reports.query_text import query_lines

    for remark in remarks:
        print(f"note: {remark}")
    if not answers:
        print("the model has no `query` line")
    for number, (name, answer) in enumerate(answers.items()):
        if number or remarks:
            print()
        for line in query_lines(name, answer.result, answer.assumptions):
            print(line)


def _print_json(answers: Mapping[str, QueryAnswer]) -> None:
    import json
    import math

    from causaldsl.reports.query_text import query_interval

    def number(value: float) -> float | None:
        return value if math.isfinite(value) else None

    found = {
        name: {
            "query": answer.result.text,
            "estimate": number(answer.result.estimate),
            "std_error": number(answer.result.std_error),
            "interval": [number(end) for end in query_interval(answer.result)],
            "rows": answer.result.n_rows,
            "rows_with_the_facts": answer.result.least_rows,
            "seed": answer.result.seed,
            "assumptions": list(answer.assumptions),
        }
        for name, answer in answers.items()
    }
    write_out(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
