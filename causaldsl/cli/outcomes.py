"""How a command ends: what each kind of trouble says, and the exit code that goes with it."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from causaldsl.cli import exit_codes
from causaldsl.diagnostics.model import CausalDslError, InternalError, ModelError

TRACEBACK = "CAUSALDSL_TRACEBACK"


def ending_well(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that never ends in a traceback, with the same parameters."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:  # noqa: ANN401 (the command's own)
        with outcomes():
            command(*args, **options)

    return run


@contextmanager
def outcomes() -> Iterator[None]:
    """Turn whatever goes wrong inside into a message and an exit code."""
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:  # None where the caller has closed it
                sys.stdout.flush()  # a reader that has gone away is noticed here, not at exit
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except BrokenPipeError as error:
        _mute(sys.stdout)
        raise typer.Exit(_code_before(error)) from error
    except KeyboardInterrupt as error:
        _complain("interrupted")
        raise typer.Exit(exit_codes.INTERRUPTED) from error
    except CausalDslError as refusal:
        from causaldsl.cli.terminal import print_diagnostics

        print_diagnostics(refusal.diagnostics)
        is_model = isinstance(refusal, ModelError)
        found = exit_codes.exit_code(refusal.diagnostics, of_model=is_model)
        code = found or exit_codes.REFUSED
        raise typer.Exit(code) from refusal
    except Exception as error:
        raise typer.Exit(_unexpected(error)) from error


def _unexpected(error: Exception) -> int:
    """Say what nobody foresaw, without a traceback unless it is asked for."""
    if os.environ.get(TRACEBACK):
        raise error
    if isinstance(error, OSError):
        named = f" ({error.filename})" if error.filename else ""
        _complain(f"error: {error.strerror or error}{named}")
        _mute(sys.stdout)
        return exit_codes.REFUSED
    if _is_memory(error):
        _complain("out of memory: ask for fewer rows or draws at a time")
        return exit_codes.REFUSED
    what = str(error) if isinstance(error, InternalError) else f"{type(error).__name__}: {error}"
    _complain(
        f"internal error: {what} ({_place(error)})",
        "this is a fault of causaldsl: please report it with the model and the command",
        f"({TRACEBACK}=1 shows where it happened)",
    )
    return exit_codes.INTERNAL


def _is_memory(error: Exception) -> bool:
    allocation = ("can't allocate memory", "out of memory")
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in allocation)
    )


def _place(error: Exception) -> str:
    """Return the last line of ours that was running."""
    found, step = "", error.__traceback__
    while step is not None:
        path = Path(step.tb_frame.f_code.co_filename)
        if "causaldsl" in path.parts:
            found = f"{path.name}:{step.tb_lineno}"
        step = step.tb_next
    return found


def _code_before(error: BaseException) -> int:
    """Return the code that the command was ending with when its reader went away."""
    context = error.__context__
    return context.exit_code if isinstance(context, typer.Exit) else exit_codes.OK


def _complain(*lines: str) -> None:
    try:
        for line in lines:
            print(line, file=sys.stderr)
    except BrokenPipeError:
        _mute(sys.stderr)


def _mute(stream: Any) -> None:  # noqa: ANN401 (any text stream)
    """Send what is still to be written to a closed pipe nowhere."""
    try:
        number = stream.fileno()
    except (AttributeError, OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
