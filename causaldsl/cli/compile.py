"""``compile``: the standalone Pyro module, or one of the stages before it."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from causaldsl.cli.terminal import overrides_of, stop_on_errors, usage_error, write_file
from causaldsl.cli.text import SET

STAGES = ("python", "ast", "scm", "ir", "guide")


def compile_(
    file: Path = typer.Argument(..., help="A model file."),
    output: Path | None = typer.Option(None, "-o", "--output", help="Where to write."),
    emit: str = typer.Option("python", "--emit", help=", ".join(STAGES)),
    set_: list[str] = SET,
) -> None:
    """Compile a model to a standalone Pyro module."""
    from causaldsl import pipeline

    if emit not in STAGES:
        raise usage_error(f"`{emit}` is no stage; there are {', '.join(STAGES)}")
    text, findings = pipeline.emit_file(file, emit, overrides_of(set_))
    stop_on_errors(findings)
    if output is None:
        sys.stdout.write(text or "")
        return
    write_file(output, text or "")
    print(f"wrote {output}")
