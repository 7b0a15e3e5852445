"""``compare``: many methods on one table, by metrics of fairness or by DCEVAE's protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from causaldsl.cli import exit_codes
from causaldsl.cli.audit import DRAWS, EPSILON, METRICS, REPORT, check_report, write_report
from causaldsl.cli.fit import QUIET, TRAIN, train_words
from causaldsl.cli.progress import progress_display
from causaldsl.cli.terminal import (
    fit_file,
    listed,
    model_file,
    overrides_of,
    usage_error,
)
from causaldsl.cli.text import SET
from causaldsl.cli.worlds import names_of

if TYPE_CHECKING:
    from causaldsl.bench.table import FitFinding

MOST_SPLITS = 1000
#: What a comparison measures: methods by fairness metrics, or DCEVAE's tables, on all rows or
#: without a second copy of the table's last rows.
PROTOCOLS = ("fairness", "dcevae", "dcevae-once")
#: Findings of a fit that did not end where it should.
_UNSETTLED = ("CD620", "CD623")


def compare(
    models: list[Path] = typer.Argument(..., metavar="MODEL", help="Model files (.scm)."),
    data: Path = typer.Option(
        ..., "--data", metavar="TABLE", help="The table, or the name of a public data set."
    ),
    protocol: str = typer.Option(
        "fairness", "--protocol", metavar="NAME", help="fairness, dcevae or dcevae-once."
    ),
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
    sensitive: str | None = typer.Option(
        None, "--sensitive", metavar="NAME", help="Whose effect, where several are (dcevae)."
    ),
    by: str | None = typer.Option(
        None, "--by", metavar="NAMES", help="Strata by the levels of these, with commas (dcevae)."
    ),
    draws: int = DRAWS,
    epsilon: float | None = EPSILON,
    metrics: str | None = METRICS,
    train: list[str] = TRAIN,
    set_: list[str] = SET,
    quiet: bool = QUIET,
) -> None:
    """Compare models over splits of one table, mean ± sd.

    By default models and baselines by metrics of error and fairness. With `--protocol dcevae` the
    models' effects, and what classifiers learn from the rows that they decode; `dcevae-once`
    leaves out a second copy of a block of rows at the table's end.
    """
    if protocol not in PROTOCOLS:
        raise usage_error(f"`{protocol}` is no protocol: {listed(PROTOCOLS)}")
    names = check_report(output, [*models, data], epsilon, metrics)
    numbers, words, overrides = _seeds(seeds), train_words(train), overrides_of(set_)
    if "seed" in words:
        raise usage_error("the splits have seeds of their own: give --seeds")
    _check_models(models, world)
    if world is not None and worlds is not None:
        raise usage_error("--world and --worlds both name the judge: give one of them")
    fairness = {"--world": world, "--worlds": worlds, "--epsilon": epsilon, "--metrics": metrics}
    _check_options(protocol, fairness, {"--sensitive": sensitive, "--by": by})
    with progress_display(quiet) as progress:
        if protocol == "fairness":
            render, found = _fairness(
                models, _table(data), seeds=numbers, draws=draws, world=world,
                worlds=None if worlds is None else fit_file(worlds), epsilon=epsilon,
                metrics=names, words=words, overrides=overrides, name=data.name, progress=progress,
            )  # fmt: skip
        else:
            render, found = _dcevae(
                models, _table(data), seeds=numbers, draws=draws, sensitive=sensitive,
                strata=names_of("--by", by), once=protocol == "dcevae-once", words=words,
                overrides=overrides, name=data.name, progress=progress,
            )  # fmt: skip
    write_report(render, output)
    unsettled = any(item.finding.code in _UNSETTLED for item in found)
    raise typer.Exit(exit_codes.REFUSED if unsettled else exit_codes.OK)


#: What writes a result for a file's suffix, and what the fits said.
_Result = tuple[Callable[[str], str], Sequence["FitFinding"]]


def _fairness(models: Sequence[Path], data: object, **options: Any) -> _Result:  # noqa: ANN401
    from causaldsl import pipeline
    from causaldsl.reports.formats import render_as

    table = pipeline.compare(models, data, **options)
    return lambda suffix: render_as(table, suffix), table.fit_findings


def _dcevae(models: Sequence[Path], data: object, **options: Any) -> _Result:  # noqa: ANN401
    from causaldsl import pipeline
    from causaldsl.reports.dcevae_tables import render_dcevae

    table = pipeline.compare_effects(models, data, **options)
    return lambda suffix: render_dcevae(table, suffix), table.fit_findings


def _check_options(
    protocol: str, fairness: Mapping[str, object], dcevae: Mapping[str, object]
) -> None:
    """Refuse options of the other protocol: they would change nothing."""
    others = dcevae if protocol == "fairness" else fairness
    given = [option for option, value in others.items() if value is not None]
    if given:
        raise usage_error(f"{given[0]} changes nothing with --protocol {protocol}")


def _table(data: Path) -> object:
    """Return where a table lies, or the public data set of that name where no file has it."""
    from causaldsl.datasets.registry import DATASETS, load

    return load(str(data)) if str(data) in DATASETS and not data.exists() else data


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
