"""``graph``: a picture of the model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from causaldsl.cli.terminal import overrides_of, stop_on_errors, usage_error, write_file
from causaldsl.cli.text import SET

if TYPE_CHECKING:
    from causaldsl.drawing.picture import Format
    from causaldsl.drawing.theme import Theme

FORMATS = ("svg", "png", "pdf", "dot", "mermaid")


def graph(
    file: Path = typer.Argument(..., help="A model file."),
    output: Path | None = typer.Option(None, "-o", "--output", help="Where to write."),
    format_: str | None = typer.Option(None, "--format", help=", ".join(FORMATS)),
    do: list[str] = typer.Option([], "--do", help="Draw the graph with this variable set."),
    twin: bool = typer.Option(False, "--twin", help="Draw the twin network."),
    theme: str = typer.Option("auto", "--theme", help="auto, light or dark."),
    own_layout: bool = typer.Option(False, "--own-layout", help="Do not use `dot`."),
    set_: list[str] = SET,
) -> None:
    """Draw the model: SVG, PNG, PDF, DOT or Mermaid."""
    from causaldsl import pipeline

    chosen = format_ or _from_suffix(output)
    if chosen not in FORMATS:
        raise usage_error(f"`{chosen}` is no format; there are {', '.join(FORMATS)}")
    if theme not in ("auto", "light", "dark"):
        raise usage_error(f"`{theme}` is no theme; there are auto, light, dark")
    if output is None and chosen in ("png", "pdf"):
        raise usage_error(f"a {chosen} needs a file: give -o FILE.{chosen}")
    checked = pipeline.check_file(file, overrides_of(set_))
    stop_on_errors(checked.diagnostics)
    assert checked.scm is not None
    targets = [name for item in do for name in _targets(item)]
    picture = pipeline.draw(
        checked.scm,
        cast("Format", chosen),
        do=targets,
        twin=twin,
        theme=cast("Theme", theme),
        use_dot=False if own_layout else None,
    )
    if output is None:
        sys.stdout.write(picture.decode())
        return
    write_file(output, picture)
    print(f"wrote {output}")


def _from_suffix(output: Path | None) -> str:
    if output is None:
        return "svg"
    suffix = output.suffix.lstrip(".").lower()
    return {"gv": "dot", "mmd": "mermaid", "md": "mermaid"}.get(suffix, suffix or "svg")


def _targets(item: str) -> list[str]:
    """``S``, ``S=Black`` and ``S, T`` all name what is set."""
    return [part.split("=")[0].split("<-")[0].strip() for part in item.split(",")]
