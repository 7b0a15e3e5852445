"""Progress: sparse short lines, or a bar where there is a terminal."""

import io
import sys

import pytest

from causaldsl.cli import progress
from causaldsl.diagnostics.progress import Progress

FIGURES = {
    "steps per second": 38.1234,
    "seconds left": 75.2,
    "objective": 5.9,
    "elbo": 5.876,
    "control": 0.25,
    "part S": 0.958,
    "part K": -0.1,
    "learning rate": 0.05,
}
FIT = Progress(stage="model", done=1_200, total=4_000, figures=FIGURES)


def test_a_line_holds_stage_steps_objective_rate_and_time_left():
    line = progress.progress_line(FIT)
    assert line == "fit: 1,200/4,000, objective 5.9000, 38.1 steps/s, 1:15 left"


def test_the_objective_is_shown_with_the_elbo_by_site_and_losses_behind_it():
    text = progress.elbo_line(FIGURES)
    assert text == "objective 5.900; by site S 0.958, K -0.100; control 0.250"
    weighed = progress.elbo_line({**FIGURES, "weight elbo": 1.0, "weight control": 4.488})
    assert weighed == f"{text} x 4.49"


def test_an_objective_that_has_gone_astray_is_written_by_its_exponent():
    astray = Progress(stage="model", done=1, total=2, figures={"objective": 1.5e60})
    assert "objective 1.500e+60" in progress.progress_line(astray)


@pytest.mark.parametrize(
    ("seconds", "most"), [(0.9, 0), (30, 12), (600, 25)], ids=["short", "half a minute", "ten"]
)
def test_lines_are_few_whatever_the_work_takes(seconds, most, monkeypatch, capsys):
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    lines = progress._Lines()
    while now < seconds:
        now += 0.1
        lines.show(FIT)
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) <= most
    assert all(len(line) < 100 for line in printed)


def test_a_remark_is_always_shown(capsys):
    progress._Lines().show(Progress(stage="stopping", done=0, total=0))
    assert capsys.readouterr().err == "stopping\n"


def test_quiet_shows_nothing(capsys):
    with progress.progress_display(quiet=True) as show:
        show(Progress(stage="stopping", done=0, total=0))
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar_with_rate_time_left_and_elbo(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    with progress.progress_display() as show:
        show(Progress(stage="counterfactual", done=7, total=10))
        show(FIT)
    shown = stream.getvalue()
    for word in ("fit", "30%", "38.1 steps/s", "1:15 left", "objective 5.900", "70%"):
        assert word in shown


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (7.4, "0:07"), (75, "1:15"), (3_700, "1:01:40")]
)
def test_a_stretch_of_time_is_written_as_a_clock(seconds, text):
    assert progress.clock(seconds) == text
