"""What every command does with the terminal: diagnostics, colours, settings, whole files."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import typer
from typing_extensions import override

from causaldsl.cli import exit_codes
from causaldsl.diagnostics.model import Diagnostic


def use_color(stream: object = None) -> bool:
    """Whether to colour: a terminal, and nobody asked not to (`NO_COLOR`)."""
    target = sys.stderr if stream is None else stream
    is_terminal = bool(getattr(target, "isatty", lambda: False)())
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


#: Findings that are printed one by one; ``--json`` has no such limit.
SHOWN = 20


def print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Print findings to standard error, the first ones where there are very many."""
    from causaldsl.diagnostics.render import render_text

    found = tuple(diagnostics)
    if not found:
        return
    print(render_text(found[:SHOWN], color=use_color()).rstrip("\n"), file=sys.stderr)
    if len(found) > SHOWN:
        print(f"\n... and {len(found) - SHOWN:,} more", file=sys.stderr)


def stop_on_errors(diagnostics: Iterable[Diagnostic]) -> None:
    """Print the findings of a model's text, and exit if one is an error."""
    found = tuple(diagnostics)
    print_diagnostics(found)
    code = exit_codes.exit_code(found, of_model=True)
    if code:
        raise typer.Exit(code)


class UsageError(typer.BadParameter):
    """A wrong command line, said in our own words."""

    @override
    def format_message(self) -> str:
        """Return the message as it is."""
        return self.message


def usage_error(message: str) -> typer.BadParameter:
    """Return the error of a wrong command line."""
    return UsageError(message)


# --- files ----------------------------------------------------------------------------------


def check_output(
    path: Path | None,
    suffixes: Sequence[str] = (),
    inputs: Sequence[Path] = (),
    option: str = "-o",
) -> None:
    """Refuse a place that cannot be written, before any work is done for it.

    Parameters
    ----------
    suffixes
        How the name may end; anything goes when there are none.
    inputs
        Files of the same command, which the output must not replace.
    option
        The option that names the place.
    """
    if path is None:
        return
    folder = path.parent
    if path.is_dir():
        raise usage_error(f"{option} {path} is a folder; name a file in it")
    if not folder.is_dir():
        raise usage_error(f"{option} {path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise usage_error(f"{option} {path}: the folder {folder} cannot be written")
    if suffixes and path.suffix.lower() not in suffixes:
        raise usage_error(f"{option} {path}: end its name in {listed(suffixes)}")
    if any(_is_same(path, given) for given in inputs):
        raise usage_error(
            f"{option} {path} would replace what the command reads; choose another name"
        )


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def listed(words: Sequence[str]) -> str:
    """Return words as a list with an "or".

    >>> listed([".csv", ".md", ".json"])
    '.csv, .md or .json'
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def write_file(path: Path, content: bytes | str) -> None:
    """Write a file whole: beside its place first, then renamed."""
    data = content.encode() if isinstance(content, str) else content
    check_output(path)
    beside: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
        beside = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        umask = os.umask(0)
        os.umask(umask)
        beside.chmod(0o666 & ~umask)
        beside.replace(path)
    except OSError as error:
        raise usage_error(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)


def write_out(text: str) -> None:
    """Write text for another program to standard output, as UTF-8 whatever the terminal speaks."""
    if sys.stdout is None:  # the caller has closed it
        return
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None or (sys.stdout.encoding or "").lower().replace("-", "") == "utf8":
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    stream.write(text.encode())
    stream.flush()


def model_file(path: Path) -> Path:
    """Return the path of a model's text; refuse a saved fit, which is another kind of file."""
    from causaldsl.pipeline import is_fit_file

    if is_fit_file(path):
        raise usage_error(f"{path} is a saved fit; this command wants a model file (.scm)")
    return path


def fit_file(path: Path) -> Path:
    """Return the path of a saved fit; refuse a model's text, which is to be fitted first."""
    if path.suffix.lower() == ".scm":
        raise usage_error(
            f"{path} is a model; fit it first: causaldsl fit {path} --data TABLE -o {path.stem}.fit"
        )
    return path


# --- settings -------------------------------------------------------------------------------


def overrides_of(pairs: Sequence[str]) -> dict[str, object]:
    """Return ``--set NAME=VALUE`` pairs: a number, a list or table of numbers, or a word."""
    found: dict[str, object] = {}
    for pair in pairs:
        name, sign, text = (part.strip() for part in pair.partition("="))
        if not sign or not name or not text:
            raise usage_error(f"--set wants NAME=VALUE, not `{pair}`")
        if name in found:
            raise usage_error(f"--set gives `{name}` twice")
        found[name] = _setting(text)
    return found


def _setting(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        if not text.startswith(("[", "{")):
            return text.strip('"')
    value = _constant(text)
    if value is None:
        raise usage_error(f"`{text}` is no list [1, 2] and no table {{A: 1, B: 2}} of numbers")
    return value


def _constant(text: str) -> object | None:
    """Return a list or a table of numbers in the language's own words, None if it is none."""
    from causaldsl.syntax import nodes
    from causaldsl.syntax.parser import parse_expression

    node, wrong = parse_expression(text, "--set")
    match None if wrong else node:
        case nodes.ListOf(items=items):
            numbers = [_number(item) for item in items]
            return None if None in numbers else tuple(numbers)
        case nodes.Table(entries=entries):
            table = {entry.key: _number(entry.value) for entry in entries}
            return None if None in table.values() else table
        case _:
            return None


def _number(node: object) -> float | None:
    from causaldsl.syntax import nodes

    match node:
        case nodes.Number(value=value):
            return value
        case nodes.Unary(operand=nodes.Number(value=value)):
            return -value
        case _:
            return None
