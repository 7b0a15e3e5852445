"""What the author wrote, nothing inferred: the syntax tree of a `.scm` file.

Every node has a `span`, which takes no part in equality, so that two texts that say the same
have equal trees (``parse(print(tree)) == tree``). Comments take part: the printer keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from causaldsl.source import Span
from causaldsl.vocabulary.roles import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Anything written in the text."""

    span: Span = field(compare=False, repr=False)


# --- expressions ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Node):
    """A number. `text` is how it was written (``1e-3``), which the printer keeps."""

    value: float
    text: str = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Node):
    """A quoted string: a column, or a level that is no plain name."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Node):
    """A bare name: variable, group, param, learned parameter, level, setting word, `parents`."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf(Node):
    """``[0.7, 0.2, 0.1]``."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Node):
    """One ``key: value`` of a table. The key is a level (a name, a string or a number's text)."""

    key: str
    value: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Node):
    """``{White: 0, Black: -0.4}``."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TupleOf(Node):
    """``(u_r, a)``: several values taken together. One item in parentheses is just the item."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index(Node):
    """``t[S]``: a table, a learned table or an array, read at one or more places."""

    base: Expression
    indices: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Node):
    """``name=value`` after the semicolon of a call, or in a `train` line."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Node):
    """``f(inputs; settings)``. `name_span` is the place of the function's name alone."""

    name: str
    inputs: tuple[Expression, ...]
    settings: tuple[Setting, ...] = ()
    name_span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unary(Node):
    """``-e``."""

    op: Literal["-"]
    operand: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(Node):
    """``a + b`` and the like; ``^`` is the power and binds to the right."""

    op: Literal["+", "-", "*", "/", "^"]
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare(Node):
    """An event, such as ``Y[S <- s'] > 0`` or ``S = Black``. Only inside E, P and Q."""

    op: Literal["=", "!=", "<", "<=", ">", ">="]
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class By(Node):
    """``mlp(x) by S``, ``u by S``: separate parameters, or groups of rows, per level."""

    body: Expression
    branch: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class From(Node):
    """``S from u``: what an adversary learns, and what it learns it from."""

    target: Expression
    source: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Path(Node):
    """``S -> L -> Y``, written after `along` or in a claim."""

    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment(Node):
    """``S <- value`` or ``S ~ policy`` inside the brackets of a world; `along` limits it."""

    target: Name
    kind: Literal["set", "draw"]
    value: Expression
    along: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class World(Node):
    """``V[S <- Black, L <- L[S <- White]]``: V in another world."""

    base: Expression
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation(Node):
    """``E[e | facts]``, ``P[event | facts]``, ``Q[e, level | facts]``."""

    kind: Literal["E", "P", "Q"]
    body: tuple[Expression, ...]
    level: Expression | None = None
    facts: tuple[Expression, ...] = ()


Expression = (
    Number
    | Text
    | Name
    | ListOf
    | Table
    | TupleOf
    | Index
    | Call
    | Unary
    | Binary
    | Compare
    | By
    | From
    | World
    | Expectation
)


# --- statements -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Node):
    """A line of the file. Comments above and behind it belong to it."""

    comments: tuple[str, ...] = ()
    trailing: str | None = None
    blank_before: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header(Statement):
    """``scm NAME "title"``."""

    name: Name
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Param(Statement):
    """``param NAME = value``: a hyper-parameter (number, list, table or word)."""

    name: Name
    value: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared(Node):
    """One declared name, with its size (an array of cells) or its table index (`learn w[S]`)."""

    name: Name
    sizes: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainNode(Node):
    """A domain as written: a word, levels, ordered levels, or an image's sizes."""

    word: Literal["real", "positive", "unit", "count", "binary", "levels", "ordered", "image"]
    levels: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns(Node):
    """``from "a", "b"``, ``from floor("LSAT")``, ``from "x1" .. "x6"``.

    With `last`, the columns run from ``names[0]`` to `last` in the table's order.
    """

    names: tuple[str, ...]
    last: str | None = None
    transform: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableDeclaration(Statement):
    """``ROLE names : DOMAIN from "column" as {...} else drop missing drop "label"``."""

    role: Role
    names: tuple[Declared, ...]
    domain: DomainNode | None = None
    columns: Columns | None = None
    recode: tuple[Entry, ...] | None = None
    otherwise: Literal["drop", "error"] | None = None
    missing: Literal["error", "drop", "latent"] | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPolicy(Statement):
    """``missing drop``: the policy for the whole file."""

    policy: Literal["error", "drop", "latent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDeclaration(Statement):
    """``group X = A, B``."""

    name: Name
    members: tuple[Name, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrows(Statement):
    """``A, B -> C, D -> E``, or ``A <-> B`` with `bidirected`. `stops` are the sets in order."""

    stops: tuple[tuple[Name, ...], ...]
    bidirected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismStatement(Statement):
    """``A, B ~ right`` or ``V := right``."""

    targets: tuple[Name, ...]
    kind: Literal["~", ":="]
    right: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Learn(Statement):
    """``learn b, w[S] : positive = 1``: point parameters and their starting value."""

    names: tuple[Declared, ...]
    domain: DomainNode | None = None
    start: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior(Statement):
    """``prior w[S] ~ Normal(0, 1)``: Bayesian parameters."""

    names: tuple[Declared, ...]
    right: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide(Statement):
    """``guide auto``, ``guide per_row``, ``guide V ~ ...`` (`right` may be the name `per_row`)."""

    targets: tuple[Name, ...]
    right: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class CouplingStatement(Statement):
    """``coupling independent``, ``coupling Y ~ independent``."""

    targets: tuple[Name, ...]
    word: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class LossStatement(Statement):
    """``loss NAME = expression`` or ``loss expression``."""

    name: Name | None
    value: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Train(Statement):
    """``train learning_rate=1e-3, epochs=100``."""

    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predict(Statement):
    """``predict Y from A, sampled(K)``."""

    target: Name
    features: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryStatement(Statement):
    """``query NAME = expression``."""

    name: Name
    value: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Assert(Statement):
    """``assert [not] independent(A, B | C)``, ``path(S, Y)``, ``S -> Y``, ``identified(te)``."""

    claim: Claim
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Node):
    """What an `assert` states. `given` are the names behind the bar."""

    kind: Literal["independent", "path", "arrow", "identified"]
    arguments: tuple[tuple[Name, ...], ...]
    given: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Program(Node):
    """A whole file. `comments` stand after the last statement."""

    statements: tuple[Statement, ...]
    comments: tuple[str, ...] = ()
