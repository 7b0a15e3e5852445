"""``graph``: a picture of the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from causaldsl.cli.terminal import (
    check_output,
    listed,
    model_file,
    overrides_of,
    stop_on_errors,
    usage_error,
    write_file,
    write_out,
)
from causaldsl.cli.text import MODEL, SET
from causaldsl.vocabulary.roles import Role

if TYPE_CHECKING:
    from causaldsl.drawing.picture import Format
    from causaldsl.drawing.theme import Theme

FORMATS = ("svg", "png", "pdf", "dot", "mermaid")
THEMES = ("auto", "light", "dark")
_SUFFIXES = {"gv": "dot", "mmd": "mermaid", "md": "mermaid", "": "svg"}


def graph(
    file: Path = MODEL,
    output: Path | None = typer.Option(
        None, "-o", "--output", metavar="FILE", help="Where to write; standard output otherwise."
    ),
    format_: str | None = typer.Option(
        None, "--format", metavar="FORMAT", help=f"{listed(FORMATS)}; else as the file's name says."
    ),
    do: list[str] = typer.Option(
        [], "--do", metavar="NAME", help="Draw the graph with this variable set; repeatable."
    ),
    twin: bool = typer.Option(False, "--twin", help="Draw the twin network."),
    theme: str = typer.Option("auto", "--theme", metavar="THEME", help=f"{listed(THEMES)}."),
    own_layout: bool = typer.Option(False, "--own-layout", help="Do not use `dot`."),
    set_: list[str] = SET,
) -> None:
    """Draw the model: SVG, PNG, PDF, DOT or Mermaid."""
    from causaldsl import pipeline

    chosen = _format(format_, output)
    if theme not in THEMES:
        raise usage_error(f"`{theme}` is no theme: {listed(THEMES)}")
    check_output(output, inputs=[file])
    checked = pipeline.check_file(model_file(file), overrides_of(set_))
    stop_on_errors(checked.diagnostics)
    assert checked.scm is not None
    if twin and not do and not checked.scm.with_role(Role.SENSITIVE):
        raise usage_error(
            "--twin needs a variable to set: the model has no sensitive one, give --do"
        )
    picture = pipeline.draw(
        checked.scm,
        chosen,
        do=pipeline.intervened(checked.scm, do),
        twin=twin,
        theme=cast("Theme", theme),
        use_dot=False if own_layout else None,
    )
    if output is None:
        write_out(picture.decode())
        return
    if chosen == "mermaid" and output.suffix.lower() == ".md":
        picture = b"```mermaid\n" + picture.rstrip(b"\n") + b"\n```\n"
    write_file(output, picture)
    print(f"wrote {output}")


def _format(given: str | None, output: Path | None) -> Format:
    suffix = "" if output is None else output.suffix.lstrip(".").lower()
    chosen = given or _SUFFIXES.get(suffix, suffix)
    if chosen not in FORMATS:
        raise usage_error(f"`{chosen}` is no format: {listed(FORMATS)}")
    if output is None and chosen in ("png", "pdf"):
        raise usage_error(f"a {chosen} needs a file: give -o FILE.{chosen}")
    return cast("Format", chosen)
