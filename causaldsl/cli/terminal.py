"""What every command does with the terminal: diagnostics, colours, progress, whole files."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from causaldsl.cli import exit_codes
from causaldsl.diagnostics.model import Diagnostic
from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent


def use_color(stream: object = None) -> bool:
    """Whether to colour: a terminal, and nobody asked not to (`NO_COLOR`)."""
    target = sys.stderr if stream is None else stream
    return bool(getattr(target, "isatty", lambda: False)()) and "NO_COLOR" not in os.environ


def print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Print findings to standard error."""
    from causaldsl.diagnostics.render import render_text

    found = tuple(diagnostics)
    if found:
        print(render_text(found, color=use_color()), file=sys.stderr)


def stop_on_errors(diagnostics: Iterable[Diagnostic]) -> None:
    """Print findings, and exit if one is an error."""
    found = tuple(diagnostics)
    print_diagnostics(found)
    code = exit_codes.exit_code(found)
    if code:
        raise typer.Exit(code)


def usage_error(message: str) -> typer.BadParameter:
    """Return the error of a wrong command line."""
    return typer.BadParameter(message)


def write_file(path: Path, content: bytes | str) -> None:
    """Write a file whole: beside its place first, then renamed."""
    data = content.encode() if isinstance(content, str) else content
    if path.is_dir() or not path.parent.is_dir():
        raise usage_error(f"cannot write {path}: its folder does not exist or it is a folder")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def overrides_of(pairs: list[str]) -> dict[str, object]:
    """Return ``--set name=value`` pairs; a value is a number, a list of numbers, or a word."""
    found: dict[str, object] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign or not name.strip() or not text.strip():
            raise usage_error(f"--set wants NAME=VALUE, not `{pair}`")
        found[name.strip()] = _setting(text.strip())
    return found


def _setting(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        pass
    if text.startswith("[") and text.endswith("]"):
        try:
            return tuple(float(item) for item in text[1:-1].split(",") if item.strip())
        except ValueError:
            raise usage_error(f"`{text}` is no list of numbers") from None
    return text


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[ProgressCallback]:
    """Show progress on standard error where that is a terminal; rare lines elsewhere."""
    if quiet:
        yield silent
        return
    if not use_color():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, object] = {}
    with bar:

        def show(p: Progress) -> None:
            if p.stage not in tasks:
                tasks[p.stage] = bar.add_task(p.stage, total=p.total, figures="")
            bar.update(
                tasks[p.stage],  # type: ignore[arg-type]  # rich's own id type is a NewType of int
                completed=p.done,
                total=p.total,
                figures=_figures(p),
            )

        yield show


def _figures(p: Progress) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in p.figures.items())


def _lines() -> ProgressCallback:
    shown: dict[str, int] = {}

    def show(p: Progress) -> None:
        tenth = 10 * p.done // max(1, p.total)
        if shown.get(p.stage) != tenth:
            shown[p.stage] = tenth
            print(f"{p.stage}: {p.done}/{p.total}  {_figures(p)}", file=sys.stderr)

    return show
