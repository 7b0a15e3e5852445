"""What a metric reads and returns: one predictor on one set of rows in, one value out.

Every measure takes the subject and how to resample (None: the estimate alone, for tables over
many splits) and returns a `MetricValue`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.fairness.intervals import Floor, Interval, Resampling
from causaldsl.fairness.predictor import FloatArray, IntArray, OutcomeKind
from causaldsl.fairness.worlds import WorldPredictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One predictor on one set of rows: what metrics may read."""

    name: str
    outcome: FloatArray = field(repr=False)
    outcome_kind: OutcomeKind
    predicted: FloatArray = field(repr=False)
    worlds: WorldPredictions | None = None
    groups: IntArray | None = field(default=None, repr=False)
    group_names: tuple[str, ...] = ()
    truth: WorldPredictions | None = None
    epsilon: float | None = None

    @property
    def has(self) -> frozenset[str]:
        """The requirements that this subject meets, in the words of `MetricSpec.requires`."""
        present = {
            f"{self.outcome_kind} outcome": True,
            "worlds": self.worlds is not None,
            "groups": self.groups is not None,
            "truth": self.truth is not None,
            "epsilon": self.epsilon is not None,
        }
        return frozenset(word for word, holds in present.items() if holds)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValue:
    """A metric of one subject. `estimate` is None where it could not be computed: see `findings`.

    `by` splits the estimate: by pair of levels for a distance, by group for a unit-level gap.
    """

    metric: str
    estimate: float | None
    interval: Interval | None = None
    floor: Floor | None = None
    n_rows: int
    by: Mapping[str, float] = field(default_factory=dict)
    findings: tuple[Diagnostic, ...] = ()


Measure = Callable[[Subject, Resampling | None], MetricValue]


def worlds_of(subject: Subject) -> WorldPredictions:
    """Return the worlds, of which at least one must change some row."""
    if subject.worlds is None:
        raise ValueError("this metric needs worlds")
    if not subject.worlds.differs.any():
        raise FairnessError([nothing_changes(subject.worlds.names)])
    return subject.worlds


def named_pairs(
    distances: Mapping[tuple[int, int], float], names: tuple[str, ...]
) -> dict[str, float]:
    """Return distances under the names of their two worlds or groups."""
    return {f"{names[a]} | {names[b]}": value for (a, b), value in distances.items()}


def nothing_changes(names: tuple[str, ...]) -> Diagnostic:
    """CD808: every row already has the values that the intervention sets."""
    return diagnostic(
        "CD808",
        f"no row differs from its own values in `{', '.join(names)}`, a gap needs one that does",
    )
