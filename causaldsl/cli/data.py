"""``data`` and ``init``: public tables, and a starter file from a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from causaldsl.cli.progress import progress_display
from causaldsl.cli.terminal import check_output, usage_error, write_file, write_out

if TYPE_CHECKING:
    from causaldsl.datasets.dataset import DataSet

TABLES = (".csv", ".parquet", ".json")


def data(
    name: str = typer.Argument("", metavar="[NAME]", help="A data set; without it the list."),
    output: Path | None = typer.Option(
        None, "-o", "--output", metavar="FILE", help="Write its table here: CSV, Parquet or JSON."
    ),
    part: str | None = typer.Option(
        None, "--part", metavar="NAME", help="Which part to write, such as `published`."
    ),
    to: Path | None = typer.Option(
        None, "--to", metavar="FOLDER", help="The folder to download into."
    ),
    url: str | None = typer.Option(
        None, "--url", metavar="URL", help="Another address of the same file."
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress."),
) -> None:
    """Fetch a public data set, with its checksum, or say how to place it by hand."""
    from causaldsl.datasets import registry

    if not name:
        for known in registry.DATASETS.values():
            print(f"{known.name:14} {known.title}")
        return
    check_output(output, TABLES)
    found = registry.dataset(name)
    chosen = _part(found, part, is_written=output is not None)
    if not found.files:
        print(f"{found.title}: nothing to fetch")
    else:
        folder = None if to is not None or url is not None else _here(name)
        if folder is None:
            with progress_display(quiet) as progress:
                folder = registry.fetch(name, to=to, url=url, progress=progress)
        print(f"{found.title}: {folder}")
    print(f"terms: {found.terms}")
    print(f"cite: {found.citation}")
    if output is not None:
        from causaldsl.data.tables import write_table

        table = registry.load(name, chosen)
        write_table(table, output)
        print(f"wrote {output}: {len(table):,} rows, {len(table.columns)} columns")
        if chosen in found.left_out:
            print(f"left out: {found.left_out[chosen]}")
        others = [f"`--part {p}` ({n:,} rows)" for p, n in found.parts.items() if p != chosen]
        if others:
            print(f"part: {chosen}; there are also {', '.join(others)}")


def _part(found: DataSet, part: str | None, *, is_written: bool) -> str:
    """Return the name of the part to write: the first one when nobody says which."""
    if part is None:
        return next(iter(found.parts))
    if part not in found.parts:
        raise usage_error(f"{found.name} has the parts {', '.join(found.parts)}, not `{part}`")
    if not is_written:
        raise usage_error("--part says which rows to write: give -o")
    return part


def _here(name: str) -> Path | None:
    """Return the folder where a data set lies already, its checksums verified."""
    from causaldsl.datasets import registry
    from causaldsl.diagnostics.model import DataError

    try:
        folder = registry.path_of(name)
    except DataError:
        return None
    registry.load(name)
    return folder


def init(
    data_: Path = typer.Option(..., "--data", metavar="TABLE", help="The table to look at."),
    sensitive: list[str] = typer.Option(
        [], "--sensitive", metavar="COLUMN", help="A protected attribute's column; repeatable."
    ),
    outcome: str | None = typer.Option(
        None, "--outcome", metavar="COLUMN", help="The outcome's column."
    ),
    output: Path | None = typer.Option(
        None, "-o", "--output", metavar="FILE", help="Where to write; standard output otherwise."
    ),
    name: str = typer.Option("", "--name", metavar="NAME", help="The model's name."),
    force: bool = typer.Option(False, "--force", help="Replace a file that is there."),
) -> None:
    """Write a starter file from a table: domains and levels, ready for the arrows."""
    check_output(output, inputs=[data_])
    if output is not None and output.exists() and not force:
        raise usage_error(f"{output} is there already; --force replaces it")
    columns = [part.strip() for item in sensitive for part in item.split(",") if part.strip()]
    if outcome in columns:
        raise usage_error(f"`{outcome}` cannot be both sensitive and the outcome")

    from causaldsl import pipeline

    stem = name or (output.stem if output is not None else data_.name.split(".")[0] or "model")
    text = pipeline.starter(data_, sensitive=columns, outcome=outcome, name=stem)
    if output is None:
        write_out(text)
        return
    write_file(output, text)
    print(f"wrote {output}; draw the arrows in it, then: causaldsl check {output}")
