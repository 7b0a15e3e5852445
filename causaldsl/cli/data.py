"""``data`` and ``init``: public tables, and a starter file from a table."""

from __future__ import annotations

from pathlib import Path

import typer

from causaldsl.cli.terminal import progress_bar, usage_error, write_file


def data(
    name: str = typer.Argument("", help="A data set; without it the list."),
    output: Path | None = typer.Option(None, "-o", "--output", help="Write its table here."),
    to: Path | None = typer.Option(None, "--to", help="The folder to download into."),
    url: str | None = typer.Option(None, "--url", help="Another address of the same file."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress."),
) -> None:
    """Fetch a public data set, with its checksum, or say how to place it by hand."""
    from causaldsl.data.tables import write_table
    from causaldsl.datasets import registry

    if not name:
        for known in registry.DATASETS.values():
            print(f"{known.name:14} {known.title}")
        return
    found = registry.dataset(name)
    with progress_bar(quiet) as progress:
        folder = registry.fetch(name, to=to, url=url, progress=progress)
    print(f"{found.title}: {folder}")
    print(f"terms: {found.terms}")
    print(f"cite: {found.citation}")
    if output is not None:
        write_table(registry.load(name), output)
        print(f"wrote {output}")


def init(
    data_: Path = typer.Option(..., "--data", help="The table to look at."),
    sensitive: list[str] = typer.Option([], "--sensitive", help="A protected attribute's column."),
    outcome: str | None = typer.Option(None, "--outcome", help="The outcome's column."),
    output: Path | None = typer.Option(None, "-o", "--output", help="Where to write."),
    name: str = typer.Option("", "--name", help="The model's name."),
    force: bool = typer.Option(False, "--force", help="Replace a file that is there."),
) -> None:
    """Write a starter file from a table: domains and levels, ready for the arrows."""
    from causaldsl.data.starter import starter_text
    from causaldsl.data.tables import read_table

    if output is not None and output.exists() and not force:
        raise usage_error(f"{output} is there already; --force replaces it")
    stem = name or (output.stem if output is not None else "model")
    columns = [part.strip() for item in sensitive for part in item.split(",")]
    text = starter_text(read_table(data_), sensitive=columns, outcome=outcome, name=stem)
    if output is None:
        print(text, end="")
        return
    write_file(output, text)
    print(f"wrote {output}; now draw the arrows in it, then: causaldsl check {output}")
