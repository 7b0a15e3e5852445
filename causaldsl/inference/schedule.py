"""The learning rate, and the rule by which a run stops.

The rule: epochs are cut into blocks. A block whose mean objective is not below the block before
it by more than the tolerance, and by more than two standard errors of the difference, has
stalled. A stalled block lowers the learning rate where it may fall, and ends the run where it may
not (any more). Blocks count only once every warm-up has ended.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from causaldsl.inference.config import FitConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Where a run stands in its schedule; plain numbers, so that a checkpoint can hold them.

    `mean` and `error` are those of the last full block, `since` the epoch where the present one
    began, `settled` whether the rule has ended the run.
    """

    learning_rate: float
    since: int = 0
    mean: float | None = None
    error: float = 0.0
    settled: bool = False


def initial_pace(config: FitConfig) -> Pace:
    """Return the pace of a run that has not begun."""
    return Pace(learning_rate=config.learning_rate)


def rate_at(config: FitConfig, pace: Pace, progress: float, epochs: int) -> float:
    """Return the learning rate after `progress` epochs (a fraction inside an epoch) of `epochs`."""
    start, end = config.learning_rate, config.final_learning_rate
    share = min(1.0, progress / max(1, epochs - 1))
    match config.schedule:
        case "plateau":
            return pace.learning_rate
        case "constant":
            return start
        case "milestones":
            return start * config.decay ** sum(progress >= m for m in config.milestones)
        case "exponential":
            return float(start * (end / start) ** share)
        case "cosine":
            return end + (start - end) * 0.5 * (1 + math.cos(math.pi * share))


def next_pace(
    config: FitConfig, pace: Pace, curve: Sequence[float], block: int | None, warm: bool
) -> Pace:
    """Return the pace after an epoch, given the curve that the rule watches."""
    epoch = len(curve)
    if not warm or block is None:
        return Pace(learning_rate=pace.learning_rate, since=epoch if not warm else pace.since)
    if epoch - pace.since < block:
        return pace
    mean, error = mean_and_error(curve[epoch - block :])
    rate, settled = pace.learning_rate, False
    if _has_stalled(config, pace, mean, error) and epoch >= config.min_epochs:
        rate = rate * config.decay if config.schedule == "plateau" else 0.0
        settled = rate < config.final_learning_rate
    return Pace(
        learning_rate=pace.learning_rate if settled else rate,
        since=epoch,
        mean=mean,
        error=error,
        settled=settled,
    )


def _has_stalled(config: FitConfig, pace: Pace, mean: float, error: float) -> bool:
    if pace.mean is None:
        return False
    noise = 2 * math.hypot(error, pace.error)
    return pace.mean - mean < max(config.tolerance, noise)


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean of a stretch of a curve and its standard error, its own trend taken out.

    Noise is read from neighbours' differences, whose variance is twice the noise's.
    """
    if len(values) < 2:
        return statistics.fmean(values), 0.0
    squares = [(b - a) ** 2 for a, b in itertools.pairwise(values)]
    noise = math.sqrt(statistics.fmean(squares) / 2)
    return statistics.fmean(values), noise / math.sqrt(len(values))


def estimated_end(config: FitConfig, pace: Pace, epoch: int, block: int | None, epochs: int) -> int:
    """Return the epoch at which the run is likely to end, for the progress line."""
    if config.schedule != "plateau" or block is None:
        return epochs
    ratio = max(1.0, pace.learning_rate / config.final_learning_rate)
    stages = math.floor(math.log(ratio) / -math.log(config.decay)) + 1
    return min(epochs, max(epoch + 1, pace.since + block * (2 * stages)))
