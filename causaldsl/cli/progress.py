"""Progress on standard error: a bar with rate, ELBO and time left, or a few lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent

WIDTH = 99
_FIRST_LINE = 1.0  # seconds: what is over sooner says nothing
_LARGE = 1e7  # a number above it is written by its exponent
_LONGER = 0.3  # a line comes when the time since the last is this share of the whole
_OWN = ("steps per second", "seconds left", "objective", "elbo", "learning rate")
_STAGES = {"model": "fit", "without_outcome": "guide without outcome"}


@contextmanager
def progress_display(quiet: bool = False) -> Iterator[ProgressCallback]:
    """Show progress on standard error: a live bar on a terminal, sparse lines elsewhere."""
    if quiet:
        yield silent
    elif sys.stderr is not None and sys.stderr.isatty():
        with _bars() as show:
            yield show
    else:
        yield _Lines().show


def stage_title(stage: str) -> str:
    """Return what a stage is called to a user."""
    return _STAGES.get(stage, stage)


def elbo_line(figures: Mapping[str, float]) -> str:
    """Return what is minimised, the negative ELBO's shares by site, the other losses and weights.

    >>> figures = {"objective": 5.5, "elbo": 5.0, "part S": 1.0, "part Y": 4.0}
    >>> elbo_line({**figures, "near": 0.5, "weight elbo": 1.0, "weight near": 2.0})
    'objective 5.500; by site S 1.000, Y 4.000; near 0.500 x 2'
    """
    if "objective" not in figures:
        return ""
    named = {n: f"{n.removeprefix('part ')} {_shown(v, 3)}" for n, v in figures.items()}
    parts = [text for n, text in named.items() if _is_part(n)]
    losses = [
        text + (f" x {figures[f'weight {n}']:.3g}" if f"weight {n}" in figures else "")
        for n, text in named.items()
        if n not in _OWN and not n.startswith(("part ", "weight "))
    ]
    shares = [f"by site {', '.join(parts)}"] if parts else []
    return "; ".join([f"objective {_shown(figures['objective'], 3)}", *shares, *losses])


def _shown(value: float, places: int) -> str:
    return f"{value:.{places}f}" if abs(value) < _LARGE else f"{value:.3e}"


def _is_part(name: str) -> bool:
    return name.startswith("part ")


def clock(seconds: float) -> str:
    """Return a stretch of time.

    >>> clock(7), clock(75), clock(3700)
    ('0:07', '1:15', '1:01:40')
    """
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    tail = f"{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
    return f"{hours}:{tail}" if hours else tail


def _rate(figures: Mapping[str, float]) -> str:
    rate = figures.get("steps per second")
    return "" if rate is None else f"{rate:.3g} steps/s"


# --- lines ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Lines:
    """A line now and then, rarer the longer it takes: about ten in half a minute, twenty in ten."""

    began: float = field(default_factory=time.monotonic)
    last: float = 0.0

    def show(self, p: Progress) -> None:
        if p.total == 0:
            print(p.stage, file=sys.stderr)
            return
        spent = time.monotonic() - self.began
        if spent < _FIRST_LINE or spent - self.last < max(1.0, _LONGER * self.last):
            return
        self.last = spent
        print(progress_line(p)[:WIDTH], file=sys.stderr)


def progress_line(p: Progress) -> str:
    """Return one line about where a piece of work stands.

    >>> progress_line(Progress(stage="counterfactual", done=512, total=20_000))
    'counterfactual: 512/20,000'
    """
    said = [f"{stage_title(p.stage)}: {p.done:,}/{p.total:,}"]
    if "objective" in p.figures:
        said.append(f"objective {_shown(p.figures['objective'], 4)}")
    if rate := _rate(p.figures):
        said.append(rate)
    if "seconds left" in p.figures and p.done < p.total:
        said.append(f"{clock(p.figures['seconds left'])} left")
    return ", ".join(said)


# --- a terminal -----------------------------------------------------------------------------


@contextmanager
def _bars() -> Iterator[ProgressCallback]:
    """Draw a bar for each stage and, under them, the ELBO by parts; all of it goes at the end."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars
    from rich.text import Text

    console = Console(stderr=True)
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(bar_width=max(10, min(30, console.width - 60))),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[left]}"),
        console=console,
    )
    plain = TimeRemainingColumn()
    tasks: dict[str, Any] = {}
    figures = Text("", style="dim", no_wrap=True, overflow="ellipsis")

    def show(p: Progress) -> None:
        if p.total == 0:
            console.print(p.stage, highlight=False)
            return
        if p.stage not in tasks:
            tasks[p.stage] = bars.add_task(stage_title(p.stage), total=p.total, rate="", left="")
        task = tasks[p.stage]
        bars.update(task, completed=p.done, total=p.total, rate=_rate(p.figures))
        seconds = p.figures.get("seconds left")
        left = plain.render(bars.tasks[task]).plain if seconds is None else clock(seconds)
        is_known = p.done < p.total and not left.startswith("-")
        bars.update(task, left=f"{left} left" if is_known else "")
        figures.plain = elbo_line(p.figures)
        if "learning rate" in p.figures:
            figures.append(f"  (learning rate {p.figures['learning rate']:.2g})")

    with Live(Group(bars, figures), console=console, transient=True, refresh_per_second=8):
        yield show
