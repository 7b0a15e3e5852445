r"""Effects of units averaged: over all rows, over rows of one level, over strata, with intervals.

Pure array functions. The interval is a percentile bootstrap over rows of the units' own effects,
parameters held fixed; the error of the draws behind each unit is told apart from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from scipy import sparse

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.fairness.intervals import Interval, Resampling
from causaldsl.fairness.predictor import BoolArray, FloatArray

#: What an effect is a mean of: differences of probabilities, of means, of drawn values; or the
#: difference of the outcome's means between rows as they are.
Version = Literal["probability", "mean", "sampled", "observed"]

#: Which rows: all of them, those of one level of what is set, those of one stratum.
Group = Literal["all", "level", "stratum"]

RESAMPLES = 500

#: The name of the group of all rows.
ALL = "all rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitColumn:
    """One version of one estimand's effects of one contrast: a value for each row ``(N,)``.

    `draws_error` ``(N,)`` is the Monte-Carlo standard error of each value.
    """

    contrast: str
    estimand: str
    version: Version
    values: FloatArray = field(repr=False)
    draws_error: FloatArray | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroup:
    """Some of the rows: what they have in common, and a mask ``(N,)``."""

    kind: Group
    name: str
    rows: BoolArray = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Outcome and target as they are ``(N,)``, and the levels ``(high, low)`` of each contrast.

    A target that is NaN is of no level: such a row is not used.
    """

    outcome: FloatArray = field(repr=False)
    target: FloatArray = field(repr=False)
    contrasts: Mapping[str, tuple[float, float]]

    def rows_of(self, contrast: str, group: RowGroup) -> tuple[int, int]:
        """Return how many rows of a group have each of a contrast's two levels."""
        high, low = self.contrasts[contrast]
        own = self.target[group.rows]
        return int((own == high).sum()), int((own == low).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One mean effect. `estimate` is None where no row can tell, `interval` where two are not.

    Parameters
    ----------
    draws_error
        Monte-Carlo standard error of the draws; None where one draw a row was made, and for what
        draws nothing.
    n_rows
        Rows that the estimate is made from: those of the group, of them the rows of the two levels
        whose outcome is known for `observed`; rows drawn from the model for the `prior`.
    """

    contrast: str
    group: Group
    name: str
    estimand: str
    version: Version
    estimate: float | None
    interval: Interval | None
    draws_error: float | None
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimand:
    """One way to the latents: what it is called, what it reads, who drew them.

    `source` is `posterior`, `encoder` or `prior`; `ess` the median and the least effective sample
    size of a row's draws, where they carry weights.
    """

    name: str
    evidence: tuple[str, ...]
    source: str
    reasons: tuple[str, ...]
    ess: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectsReport:
    """Effects of one variable on one outcome, and everything that they rest on.

    Parameters
    ----------
    unit
        What one is, of the outcome and so of every effect.
    contrasts
        Names of the contrasts; each is the first level's world minus the second's.
    levels
        Names of each contrast's two levels, as the groups of rows that have them are called.
    means
        What the version of means is called: `probability` for a binary outcome, else `mean`.
    abducted_left_out
        Why no latents are abducted with the outcome; None where they are.
    real_left_out
        Why the observed differences do not stand beside the effects; None where they do.
    units
        One entry for each row by column, `row` first: what `-o` writes.
    """

    model: str
    do: str
    target: str
    outcome: str
    unit: str
    by: tuple[str, ...]
    contrasts: tuple[str, ...]
    levels: Mapping[str, tuple[str, str]]
    means: Version
    estimands: tuple[Estimand, ...]
    effects: tuple[Effect, ...] = field(repr=False)
    abducted_left_out: str | None = None
    real_left_out: str | None
    n_rows: int
    draws: int
    seed: int
    resamples: int
    level: float
    assumptions: tuple[str, ...] = field(repr=False)
    remarks: tuple[str, ...] = field(repr=False)
    units: Mapping[str, Sequence[Any]] = field(repr=False)
    findings: tuple[Diagnostic, ...] = field(repr=False)

    def effect(
        self,
        estimand: str,
        version: str,
        *,
        contrast: str | None = None,
        name: str = ALL,
    ) -> Effect:
        """Return one mean effect.

        Parameters
        ----------
        contrast
            The first contrast when not given.
        name
            The rows: ``all rows``, a level such as ``a=1``, or a stratum such as ``r=0, s=1``.

        Raises
        ------
        KeyError
            If there is none of this name; it lists what there is.
        """
        wanted = (contrast or self.contrasts[0], name, estimand, version)
        for found in self.effects:
            if (found.contrast, found.name, found.estimand, found.version) == wanted:
                return found
        raise KeyError(self._none_of(wanted))

    def _none_of(self, wanted: tuple[str, str, str, str]) -> str:
        """Say what there is in place of an effect that there is none of."""
        contrast, name, estimand, version = wanted
        there = {
            "contrast": (contrast, [e.contrast for e in self.effects]),
            "name": (name, [e.name for e in self.effects if e.contrast == contrast]),
        }
        for word, (asked, known) in there.items():
            if asked not in known:
                return (
                    f"no {word} {asked!r}: there are {', '.join(map(repr, dict.fromkeys(known)))}"
                )
        own = [e for e in self.effects if (e.contrast, e.name) == (contrast, name)]
        pairs = ", ".join(f"({e.estimand!r}, {e.version!r})" for e in own)
        left_out = f"; {self.abducted_left_out}" if self.abducted_left_out is not None else ""
        return f"no effect ({estimand!r}, {version!r}) of {name}: there are {pairs}{left_out}"


def all_rows(n_rows: int) -> RowGroup:
    """Return the group of all rows."""
    return RowGroup(kind="all", name=ALL, rows=np.ones(n_rows, dtype=np.bool_))


def strata_groups(
    names: Sequence[str],
    levels: Mapping[str, Sequence[str]],
    codes: Mapping[str, FloatArray],
    seen: Mapping[str, BoolArray],
) -> tuple[RowGroup, ...]:
    """Return a group for every combination of levels, empty ones too, the last varying fastest.

    Parameters
    ----------
    codes
        Each variable's positions of levels ``(N,)``.
    seen
        Masks ``(N,)`` of variables that some rows lack; such a row is in no stratum.

    >>> groups = strata_groups(["r"], {"r": ("0", "1")}, {"r": np.array([1.0, 1.0])}, {})
    >>> [(g.name, int(g.rows.sum())) for g in groups]
    [('r=0', 0), ('r=1', 2)]
    """
    shape = tuple(len(levels[n]) for n in names)
    found = []
    for place in np.ndindex(*shape):
        rows = np.ones(len(next(iter(codes.values()))), dtype=np.bool_)
        for name, level in zip(names, place, strict=True):
            rows &= (codes[name] == level) & seen.get(name, np.True_)
        said = ", ".join(f"{n}={levels[n][k]}" for n, k in zip(names, place, strict=True))
        found.append(RowGroup(kind="stratum", name=said, rows=rows))
    return tuple(found)


def mean_effects(
    columns: Sequence[UnitColumn],
    groups: Sequence[RowGroup],
    resampling: Resampling,
    observed: Observed | None = None,
) -> tuple[Effect, ...]:
    """Return every column's mean over every group of rows, with its interval.

    Parameters
    ----------
    observed
        Also the differences of the outcome's means between rows of two levels, over all rows and
        within strata; whether they are effects is for the caller to know.

    Raises
    ------
    ValueError
        Effects that are not finite.
    """
    if not all(np.isfinite(c.values).all() for c in columns):
        raise ValueError("every row's effect must be a finite number")
    sums = _Sums.of(columns, groups, observed)
    once = sums.statistics(np.ones(sums.n_rows))
    generator = resampling.generator()
    drawn = np.stack(
        [
            sums.statistics(
                np.bincount(
                    generator.integers(sums.n_rows, size=sums.n_rows), minlength=sums.n_rows
                ).astype(np.float64)
            )
            for _ in range(resampling.resamples)
        ]
    )  # (B, G, K)
    found = []
    for g, group in enumerate(groups):
        n_rows = int(group.rows.sum())
        for k, column in enumerate(columns):
            found.append(
                Effect(
                    contrast=column.contrast,
                    group=group.kind,
                    name=group.name,
                    estimand=column.estimand,
                    version=column.version,
                    estimate=_number(once[g, k]),
                    interval=_interval(drawn[:, g, k], n_rows, resampling),
                    draws_error=_draws_error(column, group),
                    n_rows=n_rows,
                )
            )
        if observed is None or group.kind == "level":
            continue
        for j, contrast in enumerate(observed.contrasts):
            k, used = len(columns) + j, observed.rows_of(contrast, group)
            found.append(
                Effect(
                    contrast=contrast,
                    group=group.kind,
                    name=group.name,
                    estimand="observed",
                    version="observed",
                    estimate=_number(once[g, k]),
                    interval=_interval(drawn[:, g, k], min(used), resampling),
                    draws_error=None,
                    n_rows=sum(used),
                )
            )
    return tuple(found)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _interval(values: FloatArray, n_rows: int, resampling: Resampling) -> Interval | None:
    """Return the percentile interval; resamples without a row of the group say nothing.

    `n_rows` are those of the smaller side where two are compared. One row does not vary.
    """
    told = values[~np.isnan(values)]
    if n_rows < 2 or not len(told):
        return None
    tail = (1 - resampling.level) / 2
    low, high = np.quantile(told, [tail, 1 - tail])
    return Interval(
        low=float(low), high=float(high), level=resampling.level, method="bootstrap over rows"
    )


def _draws_error(column: UnitColumn, group: RowGroup) -> float | None:
    """Return the standard error that a group's mean has by its rows' draws, independent by row."""
    if column.draws_error is None or not group.rows.any():
        return None
    errors = column.draws_error[group.rows]
    return float(np.sqrt(np.square(errors).sum()) / len(errors))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """Sums over groups of rows, weighted by how often each row was drawn.

    `members` ``(G, N)`` says which rows are in which group; `split` ``(G * L, N)`` the same by
    level of the target, `ends` the positions of each contrast's levels in it.
    """

    members: sparse.csr_array
    values: FloatArray  # (N, K)
    split: sparse.csr_array | None
    outcome: FloatArray | None
    ends: tuple[tuple[int, int], ...]
    n_levels: int

    @property
    def n_rows(self) -> int:
        return len(self.values)

    @classmethod
    def of(
        cls,
        columns: Sequence[UnitColumn],
        groups: Sequence[RowGroup],
        observed: Observed | None,
    ) -> _Sums:
        masks = np.stack([g.rows for g in groups])
        split: sparse.csr_array | None = None
        ends: tuple[tuple[int, int], ...] = ()
        levels: list[float] = []
        if observed is not None:
            levels = sorted({v for pair in observed.contrasts.values() for v in pair})
            own = np.stack([observed.target == v for v in levels])  # (L, N)
            whole = (masks[:, None, :] & own[None, :, :]).reshape(-1, masks.shape[1])
            split = sparse.csr_array(whole.astype(np.float64))
            ends = tuple(
                (levels.index(high), levels.index(low)) for high, low in observed.contrasts.values()
            )
        return cls(
            members=sparse.csr_array(masks.astype(np.float64)),
            values=np.column_stack([c.values for c in columns]),
            split=split,
            outcome=None if observed is None else observed.outcome,
            ends=ends,
            n_levels=len(levels),
        )

    def statistics(self, counts: FloatArray) -> FloatArray:
        """Return ``(G, K + C)``: the columns' means by group, then the observed differences.

        NaN where a group has no row.
        """
        means = _ratio(
            self.members @ (counts[:, None] * self.values), (self.members @ counts)[:, None]
        )
        if self.split is None or self.outcome is None:
            return means
        by_level = _ratio(self.split @ (counts * self.outcome), self.split @ counts)
        table = by_level.reshape(-1, self.n_levels)  # (G, L)
        differences = np.column_stack([table[:, high] - table[:, low] for high, low in self.ends])
        return np.column_stack([means, differences])


def _ratio(sums: FloatArray, counts: FloatArray) -> FloatArray:
    empty = counts == 0
    return np.where(empty, np.nan, sums / np.where(empty, 1.0, counts))


def empty_groups(groups: Sequence[RowGroup]) -> tuple[str, ...]:
    """Return the names of groups without a row."""
    return tuple(g.name for g in groups if not g.rows.any())
