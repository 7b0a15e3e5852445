"""``compile``: the standalone Pyro module, or one of the stages before it."""

from __future__ import annotations

from pathlib import Path

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

STAGES = ("python", "ast", "scm", "ir", "guide")


def compile_(
    file: Path = MODEL,
    output: Path | None = typer.Option(
        None, "-o", "--output", metavar="FILE", help="Where to write; standard output otherwise."
    ),
    emit: str = typer.Option("python", "--emit", metavar="STAGE", help=f"{listed(STAGES)}."),
    set_: list[str] = SET,
) -> None:
    """Compile a model to a standalone Pyro module."""
    from causaldsl import pipeline

    if emit not in STAGES:
        raise usage_error(f"`{emit}` is no stage: {listed(STAGES)}")
    check_output(output, inputs=[file])
    text, findings = pipeline.emit_file(model_file(file), emit, overrides_of(set_))
    stop_on_errors(findings)
    if output is None:
        write_out(text or "")
        return
    write_file(output, text or "")
    print(f"wrote {output}")
