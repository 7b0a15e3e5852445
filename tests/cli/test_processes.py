"""What only a process of its own shows: pipes, terminals without UTF-8, interruption at start."""

import os
import subprocess
import sys

import pytest

from tests.command_line import MODELS, NUMBERED

COMMAND = [sys.executable, "-m", "causaldsl"]
UNICODE = 'scm höhe\nobserved größe : real "±"\nobserved x : real\nx -> größe\n'


def start(arguments, **options):
    """Run a command as a process of its own; text comes back as bytes."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, check=False, **options
    )


@pytest.fixture
def ascii_terminal():
    plain = {k: v for k, v in os.environ.items() if not k.startswith("LC_")}
    return {**plain, "PYTHONIOENCODING": "ascii", "LANG": "C"}


def test_text_for_other_programs_is_utf8_whatever_the_terminal_speaks(here, ascii_terminal):
    (here / "u.scm").write_text(UNICODE, encoding="utf-8")
    done = start(["compile", "u.scm"], env=ascii_terminal)
    assert done.returncode == 0
    assert "größe" in done.stdout.decode("utf-8")


def test_messages_survive_a_terminal_without_utf8(here, ascii_terminal):
    (here / "u.scm").write_text(UNICODE.replace("x ->", "y ->"), encoding="utf-8")
    done = start(["check", "u.scm"], env=ascii_terminal)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    assert b"CD102" in done.stderr


def test_standard_input_that_is_no_text_is_a_diagnostic():
    done = start(["fmt", "-"], input=b"\xff\xfe\x00")
    assert done.returncode == 3
    assert b"CD002" in done.stderr


def test_a_closed_pipe_ends_a_command_quietly():
    first = subprocess.Popen(
        [*COMMAND, "compile", str(MODELS / "exoc.scm")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    first.stdout.close()
    _, err = first.communicate()
    assert (first.returncode, err) == (0, b"")


def test_no_colour_where_there_is_no_terminal(here):
    (here / "b.scm").write_text("scm b\nobserved X : rael\n")
    done = start(["check", "b.scm"])
    assert b"\x1b[" not in done.stderr


def test_rows_written_to_a_pipe_are_csv_alone(here):
    (here / "n.scm").write_text(NUMBERED)
    done = start(["simulate", "n.scm", "-n", "2"])
    assert done.stderr == b""
    assert done.stdout.startswith(b"group,G,Y\n")
