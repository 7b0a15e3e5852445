"""The back-end-neutral program: what `lower` makes of a checked model and `codegen` writes out.

Nothing here knows torch or Pyro. Every implicit choice of the language is explicit: weights of a
`linear` are named parameters with starting values, learned scales have their floor, each
mechanism says how its noise is found again (`Abduction`), each guide what it reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from causaldsl.source import Span
from causaldsl.vocabulary.domains import Domain

# --- expressions ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Num:
    """A literal number."""

    value: float


@dataclass(frozen=True, slots=True)
class Var:
    """The value of a variable in the row."""

    name: str


@dataclass(frozen=True, slots=True)
class Par:
    """A parameter, learned or Bayesian."""

    name: str


@dataclass(frozen=True, slots=True)
class Hyp:
    """A numeric hyper-parameter."""

    name: str


@dataclass(frozen=True, slots=True)
class Code:
    """A level's position as a number."""

    name: str


@dataclass(frozen=True, slots=True)
class Constants:
    """A list of known numbers, such as a table of a `param` in the order of a variable's levels."""

    values: tuple[float, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class At:
    """A table read along each of its axes: at the row's level of a variable, or at a position."""

    table: Par | Constants
    by: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Pick:
    """A table of a parameter read at one fixed level, or a cell of an array."""

    table: Par | Var
    position: int


@dataclass(frozen=True, slots=True)
class Op:
    """An arithmetic operation of two expressions."""

    op: Literal["+", "-", "*", "/", "^"]
    left: Ir
    right: Ir


@dataclass(frozen=True, slots=True)
class Neg:
    """Minus an expression."""

    value: Ir


@dataclass(frozen=True, slots=True)
class Fn:
    """A function of the vocabulary, such as exp."""

    name: str
    inputs: tuple[Ir, ...]


@dataclass(frozen=True, slots=True)
class Vector:
    """One expression for each level, stacked along a last axis."""

    items: tuple[Ir, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """One input of a `linear`: `weight` is its parameter.

    A level input reads its weight from a table over the levels; with `reference`, the first level
    has weight 0 and the parameter holds the others. `scale` names the observed variable
    whose centre and spread standardise a numeric input; without `centred`, its spread alone.
    """

    value: Ir
    weight: str
    levels: int | None = None
    reference: bool = False
    scale: str | None = None
    centred: bool = True


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear predictor. With `outputs`, a vector of logits whose first entry is 0."""

    terms: tuple[Term, ...]
    intercept: str | None
    outputs: int | None = None


@dataclass(frozen=True, slots=True)
class Rescale:
    """From the encoded to the natural unit of a column: ``centre + spread * value``.

    Without `shift`, only the spread is applied (a standard deviation, or no intercept).
    """

    column: str
    value: Ir
    shift: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NetInput:
    """One block of inputs of a network, `width` numbers of a row.

    `levels` makes columns of 0 and 1; `scale` names the column that standardises a number;
    `drawn` reads an auxiliary predictor's draw in place of the observed value; `masked` cells
    are 0 where they were not seen, and a column says where.
    """

    value: Ir | Net
    width: int
    levels: int | None = None
    scale: str | None = None
    event: int = 0
    drawn: bool = False
    masked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Net:
    """A network over some inputs, with one output per head; without `outputs`, a trunk.

    `hidden` are widths, for `conv` and `deconv` behind or before their `channels`. With `by`
    there is one network for each level of that variable, and the row's own is read.
    `lifted` counts how many of the inputs of a `conv` are no image, and become maps.
    """

    name: str
    kind: Literal["mlp", "conv", "deconv"]
    inputs: tuple[NetInput, ...]
    hidden: tuple[int, ...]
    outputs: int | None
    activation: str = "relu"
    slope: float | None = None
    norm: Literal["none", "batch", "layer"] = "none"
    dropout: float = 0.0
    out: str = "identity"
    by: str | None = None
    by_drawn: bool = False
    levels: int = 0
    channels: tuple[int, ...] = ()
    image: tuple[int, int, int] | None = None
    origin: Span | None = field(default=None, compare=False, repr=False)

    @property
    def width(self) -> int:
        """How many numbers it gives for a row."""
        if self.outputs is not None:
            return self.outputs
        return self.hidden[-1] if self.hidden else sum(i.width for i in self.inputs)


@dataclass(frozen=True, slots=True)
class Head:
    """Outputs of a network: one number, or `size` of them from `start` on; `None`: the image."""

    net: Net
    start: int | None = 0
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """A positive number from a free one: ``softplus``, ``exp``, or ``logvar`` (exp of half)."""

    kind: Literal["softplus", "exp", "logvar"]
    value: Ir


@dataclass(frozen=True, slots=True)
class StartOf:
    """The link of a column's centre, a constant of the training table."""

    rule: Literal["log_centre", "logit_centre"]
    column: str


@dataclass(frozen=True, slots=True)
class Cells:
    """The same number in every cell of an array."""

    value: Ir
    size: int


Ir = (
    Num
    | Var
    | Par
    | Hyp
    | Code
    | Constants
    | At
    | Pick
    | Op
    | Neg
    | Fn
    | Vector
    | Linear
    | Rescale
    | Head
    | Spread
    | StartOf
    | Cells
)


# --- parameters and mechanisms --------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a parameter starts: numbers, or a statistic of a column.

    `rule` is ``constant``, or the image of the column's centre under a link (``log_centre``,
    ``logit_centre``), or ``cutpoints``.
    """

    rule: Literal["constant", "log_centre", "logit_centre", "cutpoints"] = "constant"
    values: tuple[float, ...] = (0.0,)
    column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamIR:
    """A global parameter. With `family` it is Bayesian, else a point that is learned.

    `floor` bounds a learned scale from below, in the encoded unit.
    """

    name: str
    shape: tuple[int, ...]
    constraint: Literal["real", "positive", "unit", "simplex", "ordered"]
    start: Start
    floor: float | None = None
    family: str | None = None
    arguments: Mapping[str, Ir] = field(default_factory=dict)
    origin: Span | None = field(default=None, compare=False, repr=False)


class Abduction(Enum):
    """How a mechanism's own noise is found from its value and its parents."""

    EXACT = "exact"
    TRUNCATED = "truncated"
    GUMBEL = "gumbel"
    REDRAW = "redraw"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverse:
    """The latent that a structural equation determines, and the expression that gives it."""

    latent: str
    expression: Ir


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismIR:
    """How one variable is generated: a density with arguments, or a structural expression.

    `event` is the shape of one row's value, empty for a number. `shared` names the network whose
    heads the members of a group read.
    """

    target: str
    parents: tuple[str, ...]
    domain: Domain
    observed: bool
    family: str | None
    arguments: Mapping[str, Ir]
    structural: Ir | None
    inverse: Inverse | None
    abduction: Abduction
    missing_latent: bool
    event: tuple[int, ...] = ()
    shared: str | None = None
    origin: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The lowered model. Mechanisms stand in topological order."""

    name: str
    title: str | None
    path: str
    hyper: Mapping[str, float]
    params: tuple[ParamIR, ...]
    mechanisms: tuple[MechanismIR, ...]
    networks: tuple[Net, ...] = ()

    def mechanism(self, name: str) -> MechanismIR:
        """Return the mechanism of one variable."""
        return next(m for m in self.mechanisms if m.target == name)

    @property
    def by_name(self) -> dict[str, MechanismIR]:
        """The mechanisms by target."""
        return {m.target: m for m in self.mechanisms}


# --- guides ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A dense network of a guide: inputs by name, hidden widths, activation.

    With `skip`, a linear map of the inputs is added and the network starts at zero.
    """

    inputs: tuple[str, ...]
    hidden: tuple[int, ...]
    activation: str = "tanh"
    skip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideSite:
    """The variational factor of one unobserved quantity.

    `form` is ``network`` (location and scale from `network`), ``expressions`` (from `arguments`),
    ``per_row`` (free numbers for every row), ``global`` (a Bayesian parameter's own factor), or
    ``auxiliary`` (a predictor of an observed variable; where that is no evidence, its draw stands
    in, and the site `borrows` the networks of the guide for all evidence).
    `closed_kl` says whether its divergence from the model's factor is taken in closed form.
    """

    target: str
    form: Literal["network", "expressions", "per_row", "global", "auxiliary"]
    domain: Domain | None
    network: Network | None = None
    arguments: Mapping[str, Ir] = field(default_factory=dict)
    missing_of: str | None = None
    shape: tuple[int, ...] = ()
    constraint: str = "real"
    closed_kl: bool = True
    logvar: bool = False
    family: str | None = None
    event: tuple[int, ...] = ()
    borrows: bool = False
    origin: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideProgram:
    """A guide for one set of evidence, sites in an order in which each can be drawn."""

    name: str
    evidence: tuple[str, ...]
    sites: tuple[GuideSite, ...]
    params: tuple[ParamIR, ...] = ()
    refused: str | None = None


# --- objective ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmup:
    """A weight that moves linearly from `start` to `end` over the first `epochs`."""

    start: float
    end: float
    epochs: int


@dataclass(frozen=True, slots=True)
class Draw:
    """In a loss: a variable's value in the batch, observed or drawn."""

    name: str


@dataclass(frozen=True, slots=True)
class Mean:
    """In a loss: the mean of a variable's factor (guide's or mechanism's) in the batch."""

    name: str


@dataclass(frozen=True, slots=True)
class Distance:
    """``mse(A, B)`` or ``mae(A, B)`` over the rows of the batch."""

    kind: Literal["mse", "mae"]
    left: LossValue
    right: LossValue


@dataclass(frozen=True, slots=True)
class RowMean:
    """``mean(e)`` over the rows of the batch."""

    value: LossValue


@dataclass(frozen=True, slots=True)
class LossOp:
    """Arithmetic between loss values; `op` is an operator or a function's name."""

    op: str
    inputs: tuple[LossValue, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """In a loss: the mean of a variable's mechanism, perhaps in another world.

    `world` holds what is set: a variable and a level's position, a number, or ``None`` for every
    other level. `moved` are the variables between, in order, whose noise is kept.
    """

    name: str
    world: tuple[tuple[str, float | None], ...] = ()
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fresh:
    """In a loss: draws of some variables from their mechanisms, together.

    `names` stand in the order in which they are drawn, `inputs` in the order of the text. Those
    of `beside` stand among the inputs too, with their values in the batch.
    """

    names: tuple[str, ...]
    inputs: tuple[NetInput, ...]
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Together:
    """In a loss: the values of several variables in the batch, side by side."""

    names: tuple[str, ...]
    inputs: tuple[NetInput, ...]


Sample = Fresh | Together


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Fresh draws of a distribution with given numbers, one for each cell compared to it."""

    family: str
    arguments: Mapping[str, Ir]


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """``mmd(...)``: the kernel distance of groups of rows, or of a sample to a reference."""

    sample: Sample
    by: str | None
    levels: int
    reference: Reference | Sample | None
    kernel: str
    width: float | None
    counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """``hsic(u, S)``."""

    left: Sample
    right: Sample
    kernel: str
    width: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """``total_correlation(...)``: a network tells the blocks together from the blocks permuted."""

    blocks: tuple[Sample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """``adversary(S from u)``: a network learns one variable from others."""

    target: str
    source: Sample
    levels: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """``adversary(a sample, a sample)``: a network tells two samples apart."""

    first: Sample
    second: Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """The network of a loss, which learns against the model: steps of its own, its own rate."""

    network: Net
    steps: int = 1
    learning_rate: float | None = None


LossValue = (
    Draw
    | Mean
    | Num
    | Hyp
    | Distance
    | RowMean
    | LossOp
    | Expected
    | Discrepancy
    | Dependence
    | Ratio
    | Guess
    | Apart
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LossIR:
    """One weighted term. `name` is its key among the terms.

    `balance` is ``first`` (R from the first full pass), ``each_step`` or a written number.
    """

    name: str
    factors: tuple[Ir, ...]
    warmups: tuple[Warmup, ...]
    term: LossValue
    balance: Literal["none", "first", "each_step"] | float
    player: Player | None = None
    origin: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElboIR:
    """The weighted negative ELBO: its own weight, the weight of the KL, weights by variable.

    `kl_warmups` schedule the weight of the KL on top of `kl`. With `from_draws` no KL is taken in
    closed form.
    """

    factors: tuple[Ir, ...] = ()
    warmups: tuple[Warmup, ...] = ()
    kl: Ir = Num(1.0)
    kl_warmups: tuple[Warmup, ...] = ()
    weights: Mapping[str, Ir] = field(default_factory=dict)
    is_pure: bool = True
    from_draws: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What is minimised."""

    elbo: ElboIR
    losses: tuple[LossIR, ...]
