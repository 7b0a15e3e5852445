"""What a comparison needs from the outside: a table with its roles, and models that can be fitted.

The bench knows no model compiler. Whoever wires it hands over objects of these shapes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.diagnostics.progress import ProgressCallback
from causaldsl.fairness.predictor import Columns, Roles
from causaldsl.fairness.worlds import CounterfactualRows
from causaldsl.mitigation.findings import no_outcome
from causaldsl.mitigation.from_scm import ScmFeatures


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A bound table: encoded columns of every observed variable, without holes.

    `truth` holds the true counterfactual rows of the whole table where it was simulated.
    """

    name: str
    columns: Columns = field(repr=False)
    roles: Roles
    truth: CounterfactualRows | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.roles.outcome:
            raise FairnessError([no_outcome(self.name)])

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.columns[self.roles.outcome])


class FittedModel(Protocol):
    """A model fitted on training rows."""

    @property
    def name(self) -> str:
        """The model's name in tables."""
        ...

    @property
    def lines(self) -> tuple[ScmFeatures, ...]:
        """The features of each of its ``predict`` lines."""
        ...

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """What the fit has to say of itself: not converged, boundary solutions."""
        ...

    def counterfactual_rows(self, columns: Columns, *, draws: int, seed: int) -> CounterfactualRows:
        """Return the rows in every world of the sensitive variables.

        Evidence is the sensitive variables and the features, not the outcome; each level of a
        sensitive variable is one world.
        """
        ...


class ModelSource(Protocol):
    """A model file that can be fitted on any rows of the table."""

    @property
    def name(self) -> str:
        """The model's name in tables."""
        ...

    @property
    def roles(self) -> Roles:
        """Its observed variables, their roles and domains."""
        ...

    def fit(self, columns: Columns, *, seed: int, progress: ProgressCallback) -> FittedModel:
        """Return the model fitted on these rows alone."""
        ...


def check_same_table(data: DataSet, models: tuple[ModelSource, ...]) -> None:
    """Refuse models that do not mean the same variables as the table (CD809)."""
    findings = []
    for model in models:
        for name in model.roles.observed:
            ours, theirs = data.roles.domains.get(name), model.roles.domains[name]
            if ours != theirs:
                findings.append(
                    disagreement(model.name, name, str(theirs), str(ours) if ours else "not there")
                )
        if model.roles.outcome != data.roles.outcome:
            findings.append(
                disagreement(model.name, model.roles.outcome, "the outcome", data.roles.outcome)
            )
        if set(model.roles.sensitive) != set(data.roles.sensitive):
            findings.append(
                disagreement(
                    model.name,
                    ", ".join(model.roles.sensitive),
                    "sensitive",
                    ", ".join(data.roles.sensitive),
                )
            )
    if findings:
        raise FairnessError(findings)


def disagreement(model: str, name: str, theirs: str, ours: str) -> Diagnostic:
    """CD809: methods are compared on one frozen schema."""
    return diagnostic(
        "CD809",
        f"in model `{model}` variable `{name}` is {theirs}, in the compared table it is {ours}",
        hint="declare the observed variables alike in every compared file",
    )
