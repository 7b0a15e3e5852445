"""How a command ends when something goes wrong that no diagnostic foresaw."""

import io
import sys

import pytest
import typer

from causaldsl.cli import exit_codes
from causaldsl.cli.outcomes import ending_well, outcomes
from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import CounterfactualError, InternalError, Label, ModelError
from causaldsl.source import SourceFile, Span
from tests.command_line import run


def _ends_with(error, monkeypatch):
    monkeypatch.delenv("CAUSALDSL_TRACEBACK", raising=False)

    def command():
        raise error

    with pytest.raises(typer.Exit) as end:
        ending_well(command)()
    return end.value.exit_code


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 5, "out of memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 5, "out of memory"),
        (OSError(28, "No space left on device"), 5, "error: No space left on device"),
        (InternalError("CD901: a broken invariant"), 70, "internal error: CD901"),
        (KeyError("x"), 70, "internal error: KeyError"),
        (ModelError([diagnostic("CD102", "unknown name `x`")]), 3, "error[CD102]"),
    ],
)
def test_every_trouble_has_its_message_and_code(error, code, said, monkeypatch, capsys):
    assert _ends_with(error, monkeypatch) == code
    printed = capsys.readouterr().err
    assert said in printed
    assert "Traceback" not in printed


def test_a_traceback_is_shown_to_who_asks_for_it(monkeypatch):
    monkeypatch.setenv("CAUSALDSL_TRACEBACK", "1")

    def command():
        raise KeyError("x")

    with pytest.raises(KeyError):
        ending_well(command)()


def test_a_usage_error_passes_through():
    def command():
        raise typer.BadParameter("wrong")

    with pytest.raises(typer.BadParameter):
        ending_well(command)()


@pytest.mark.parametrize("ending", [None, 3])
def test_a_reader_that_goes_away_changes_no_exit_code(ending, monkeypatch):
    class Closed(io.StringIO):
        def flush(self):
            raise BrokenPipeError

    def command():
        if ending is not None:
            raise typer.Exit(ending)

    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(typer.Exit) as end:
        ending_well(command)()
    assert end.value.exit_code == (ending or 0)


# --- exit codes -----------------------------------------------------------------------------


def _found(code, path=None):
    if path is None:
        return [diagnostic(code, "wrong")]
    span = Span(file=SourceFile(path=path, text="x"), start=0, end=1)
    return [diagnostic(code, "wrong", Label(span=span))]


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([], 0),
        (_found("CD111"), 0),  # a warning
        (_found("CD102", "m.scm"), 3),
        (_found("CD495", "m.scm"), 3),
        (_found("CD020", "--do"), 2),
        (_found("CD112"), 2),
        (_found("CD511"), 4),
        (_found("CD602"), 2),
        (_found("CD602", "m.scm"), 3),
        (_found("CD610"), 5),
        (_found("CD712", "--do"), 5),
        (_found("CD803"), 2),
        (_found("CD814"), 5),
        ([*_found("CD111"), *_found("CD511"), *_found("CD102")], 4),
    ],
)
def test_the_first_error_decides_the_exit_code(found, code):
    assert exit_codes.exit_code(found) == code


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (_found("CD736", "m.scm"), 3),
        (_found("CD728", "m.scm"), 3),
        (_found("CD602", "m.scm"), 3),
        (_found("CD112"), 2),
        (_found("CD001"), 3),
    ],
)
def test_what_checking_a_text_finds_is_a_mistake_of_the_model_whatever_its_family(found, code):
    assert exit_codes.exit_code(found, of_model=True) == code
    with pytest.raises(typer.Exit) as end, outcomes():
        raise ModelError(found)
    assert end.value.exit_code == code


def test_a_question_of_the_file_that_is_refused_when_asked_is_no_mistake_of_the_model():
    with pytest.raises(typer.Exit) as end, outcomes():
        raise CounterfactualError(_found("CD716", "m.scm"))
    assert end.value.exit_code == 5


@pytest.mark.parametrize("command", ["check", "compile", "graph", "fit"])
def test_a_draw_in_a_mechanism_ends_a_command_as_a_mistake_of_the_model(command, tmp_path):
    path, table = tmp_path / "m.scm", tmp_path / "t.csv"
    path.write_text(
        "scm m\nobserved a : binary\noutcome y : binary\na -> y\n"
        "y ~ mlp(parents; hidden=[4]) by sampled(a)\n"
    )
    table.write_text("a,y\n0,1\n1,0\n")
    more = ("--data", table) if command == "fit" else ()
    assert run(command, path, *more).code == 3
