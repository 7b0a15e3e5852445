"""What is audited: anything that predicts the outcome from observed columns.

Columns hold encoded values: a level is its position, a binary is 0 or 1, everything else is in
natural units. A prediction is the outcome's conditional mean, for a binary the probability of 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.vocabulary.domains import (
    Binary,
    Categorical,
    Count,
    Domain,
    Image,
    Ordered,
    Positive,
    Real,
    UnitInterval,
    levels_of,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Columns = Mapping[str, FloatArray]
OutcomeKind = Literal["real", "binary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Who is who in a table: sensitive variables, features, outcome, and every domain.

    A predictor alone needs no sensitive variable.
    """

    sensitive: tuple[str, ...]
    features: tuple[str, ...]
    outcome: str
    domains: Mapping[str, Domain] = field(repr=False)
    needs_sensitive: bool = field(default=True, repr=False)

    def __post_init__(self) -> None:
        if self.needs_sensitive and not self.sensitive:
            raise FairnessError([no_sensitive_variable()])

    @property
    def observed(self) -> tuple[str, ...]:
        """Sensitive variables, features and outcome, in this order."""
        return (*self.sensitive, *self.features, self.outcome)

    @property
    def outcome_kind(self) -> OutcomeKind:
        """How the outcome is predicted: by a mean or by the probability of its second level."""
        return outcome_kind(self.outcome, self.domains[self.outcome])


class Predictor(Protocol):
    """Anything that predicts: ours, or a stranger's.

    `features` names the observed variables that `predict` reads. `predict` takes encoded columns
    of equal length and returns one number a row.
    """

    @property
    def name(self) -> str:
        """What the predictor is called in reports."""
        ...

    @property
    def features(self) -> tuple[str, ...]:
        """Observed variables that `predict` reads."""
        ...

    def predict(self, columns: Columns) -> FloatArray:
        """Return predictions ``(N,)``: the conditional mean, or P(outcome = 1)."""
        ...


def outcome_kind(name: str, domain: Domain) -> OutcomeKind:
    """Return how an outcome of this domain is predicted, or refuse it (CD806)."""
    match domain:
        case Real() | Positive() | UnitInterval() | Count():
            return "real"
        case Binary():
            return "binary"
        case Categorical(levels) | Ordered(levels) if len(levels) == 2:
            return "binary"
        case Categorical() | Ordered() | Image():
            raise FairnessError([unsupported_outcome(name, domain)])


def group_labels(
    columns: Columns, roles: Roles, sensitive: tuple[str, ...]
) -> tuple[IntArray, tuple[str, ...]]:
    """Return each row's group ``(N,)`` and the groups' names, in the order of the levels.

    With several discrete sensitive variables a group is a combination that occurs, named
    ``White & 1``. A sensitive variable without levels forms no groups and is refused (CD808).
    """
    levels = {name: levels_of(roles.domains[name]) for name in sensitive}
    for name, known in levels.items():
        if known is None:
            raise FairnessError([no_groups(name)])
    codes = np.stack([np.asarray(columns[name], dtype=np.int64) for name in sensitive])
    if len(sensitive) == 1:
        return codes[0], levels[sensitive[0]] or ()
    combinations, group = np.unique(codes, axis=1, return_inverse=True)
    names = tuple(
        " & ".join((levels[name] or ())[code] for name, code in zip(sensitive, cell, strict=True))
        for cell in combinations.T
    )
    return group.reshape(-1).astype(np.int64), names


def checked_prediction(predictor: Predictor, columns: Columns) -> FloatArray:
    """Return a predictor's predictions ``(N,)``, refusing wrong lengths and non-finite values."""
    n_rows = len(next(iter(columns.values())))
    prediction = np.asarray(predictor.predict(columns), dtype=np.float64)
    if prediction.shape != (n_rows,):
        raise ValueError(
            f"{predictor.name}.predict returned shape {prediction.shape} for {n_rows} rows"
        )
    bad = np.flatnonzero(~np.isfinite(prediction))
    if bad.size:
        raise FairnessError([non_finite_predictions(predictor.name, bad, n_rows)])
    return prediction


def no_sensitive_variable() -> Diagnostic:
    """CD804: nothing to be fair about."""
    return diagnostic(
        "CD804",
        "no sensitive variable is declared, a fairness command needs at least one",
        hint='declare one, as in `sensitive S : {White, Black} from "race"`',
    )


def non_finite_predictions(name: str, rows: IntArray, n_rows: int) -> Diagnostic:
    """CD805: a predictor returned NaN or an infinity."""
    shown = ", ".join(str(row) for row in rows[:5]) + (", ..." if rows.size > 5 else "")
    return diagnostic(
        "CD805",
        f"predictor `{name}` returned {rows.size} non-finite predictions for {n_rows} rows",
        place=f"rows {shown}",
    )


def unsupported_outcome(name: str, domain: Domain) -> Diagnostic:
    """CD806: the outcome has more than two levels, or is a picture."""
    return diagnostic(
        "CD806",
        f"outcome `{name}` is {domain}, predictors support numbers and two levels",
        hint="recode the outcome with `as {...}` to two levels",
    )


def no_groups(name: str) -> Diagnostic:
    """CD808 for a group metric on a sensitive variable without levels."""
    return diagnostic("CD808", f"group metrics need levels, `{name}` has none")
