"""The checked model: what every later stage may rely on.

Names are resolved, groups and `parents` are expanded to member names inside every expression,
each variable has an explicit mechanism, and variables stand in topological order (ties by order
of declaration). Expressions are `syntax.nodes` expressions in that desugared form: a `Name` is a
variable, a parameter or a hyper-parameter; a level is a `Text` (in ``t[White]``, in a world and in
an event), so that it cannot be taken for a variable of that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import networkx as nx

from causaldsl.source import SourceFile, Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import Domain
from causaldsl.vocabulary.roles import Role

MissingWord = Literal["error", "drop", "latent"]
CouplingWord = Literal["quantile", "gumbel", "additive", "independent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnBinding:
    """Where a variable's values come from: columns, transform, recoding, unlisted values.

    ``columns`` are the table's names (or first and last with `is_range`). ``recode`` maps the
    table's value (as text) to the model's (a level name, or a number's text).
    """

    columns: tuple[str, ...]
    is_range: bool = False
    transform: Literal["floor", "log", "round", "standardize"] | None = None
    recode: Mapping[str, str] | None = None
    otherwise: Literal["drop", "error"] = "error"


def cell_columns(name: str, size: int) -> tuple[str, ...]:
    """Return the columns of an array without a `from`: those of ``x[3]`` are x1, x2, x3."""
    return tuple(f"{name}{i}" for i in range(1, size + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stochastic:
    """``V ~ family(args)``.

    `arguments` are by the family's parameter names, with two additions made by the checker:
    ``logits`` (Bernoulli, Categorical) and ``log_rate`` (Poisson) where the author wrote a
    predictor of the natural parameter or ``Bernoulli(sigmoid(e))`` and the like. A Categorical's
    ``logits`` may be a `nodes.Table` (by level) or one `linear(...)` (one head per level).
    A missing ``sd`` (Normal, LogNormal), ``concentration`` (Beta) or ``cutpoints``
    (OrderedLogit) is learned. With no arguments at all it is a learned marginal.
    A Beta's predictor is ``logit_mean``. ``network`` alone is one network with a head for each
    parameter; `settings` may then hold ``scale`` (a word: softplus, exp or logvar).
    `predictor` is true when the family was derived from the domain.
    """

    family: str
    arguments: Mapping[str, nodes.Expression]
    predictor: bool = False
    settings: Mapping[str, nodes.Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Structural:
    """``V := expression``. `noise` is the latent that enters once and invertibly, if any."""

    expression: nodes.Expression
    noise: str | None = None


Mechanism = Stochastic | Structural


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable with its three independent axes: observed, role, and (by arrows) endogenous.

    `stand_in` marks the latent made for ``A <-> B``. `mechanism_span` is the line that
    states the mechanism, or the declaration where none is written (`is_default`).
    `shares_network_with` are the members of a group (itself included) that one line gives one
    network with a head for each.
    """

    name: str
    role: Role
    domain: Domain
    size: int | None
    parents: tuple[str, ...]
    mechanism: Mechanism
    is_default: bool
    binding: ColumnBinding | None
    missing: MissingWord
    coupling: CouplingWord
    label: str | None
    stand_in: bool
    shares_network_with: tuple[str, ...] = ()
    span: Span = field(compare=False, repr=False)
    mechanism_span: Span = field(compare=False, repr=False)

    @property
    def is_observed(self) -> bool:
        """Whether a table holds this variable."""
        return self.role.is_observed


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyper:
    """A `param`: a number, a list of numbers, a table of numbers by level, or a word."""

    name: str
    value: float | tuple[float, ...] | Mapping[str, float] | str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A `learn` (with `start`) or `prior` (with `family`, `arguments`) parameter.

    `table_of` names the discrete variables whose levels index it; `sizes` are plain sizes.
    `start` is a number or, for a table over one variable, a number per level.
    """

    name: str
    domain: Domain
    table_of: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    start: float | Mapping[str, float] | None = None
    family: str | None = None
    arguments: Mapping[str, nodes.Expression] = field(default_factory=dict)
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideSpec:
    """A written guide: ``per_row``, or a family whose location and scale are `right`.

    `auxiliary` marks a guide of an observed variable (a predictor used when it is missing).
    `shares_network_with` are the members of a group (itself included) that share one network.
    """

    target: str
    right: nodes.Expression
    per_row: bool
    auxiliary: bool
    shares_network_with: tuple[str, ...] = ()
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One named loss: the sum of weighted terms that its line wrote."""

    name: str
    value: nodes.Expression
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """The words of `train`, as plain values (numbers, words, lists of numbers, ``"all"``)."""

    settings: Mapping[str, Any]
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """``predict Y from K, sampled(S')``: features as (variable, sampled?) pairs."""

    target: str
    features: tuple[tuple[str, bool], ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A named query. Its expression keeps worlds, events and facts as written."""

    name: str
    value: nodes.Expression
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimResult:
    """An `assert` line and what the graph says of it (`None`: undecided by the graph)."""

    claim: nodes.Claim
    negated: bool
    holds: bool | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scm:
    """A checked structural causal model. Immutable; `graph` is a frozen DiGraph of names.

    Node attributes of `graph`: ``role`` (the role's word), ``observed`` (bool), ``label``,
    ``domain`` (text), ``stand_in`` (bool).
    """

    name: str
    title: str | None
    hyper: Mapping[str, Hyper]
    variables: Mapping[str, Variable]
    groups: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, Parameter]
    graph: nx.DiGraph[str] = field(compare=False)
    guides: Mapping[str, GuideSpec]
    default_guide: Literal["auto", "per_row"]
    losses: tuple[Loss, ...]
    training: Training
    predictions: tuple[Prediction, ...]
    queries: tuple[Query, ...]
    claims: tuple[ClaimResult, ...]
    source: SourceFile = field(compare=False, repr=False)

    def with_role(self, role: Role) -> tuple[str, ...]:
        """Return the names of the variables of one role, in topological order."""
        return tuple(v.name for v in self.variables.values() if v.role is role)

    @property
    def observed(self) -> tuple[str, ...]:
        """Names of the observed variables, in topological order."""
        return tuple(v.name for v in self.variables.values() if v.is_observed)

    @property
    def unobserved(self) -> tuple[str, ...]:
        """Names of the unobserved variables, in topological order."""
        return tuple(v.name for v in self.variables.values() if not v.is_observed)
