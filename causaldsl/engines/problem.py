"""What an engine is asked: which values are unseen, and which evidence speaks of them.

Everything is a name until a density is needed. An unseen variable without a descendant in the
evidence is barren and no engine's business: its own mechanism draws it. The others fall into
blocks that are independent given the evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from causaldsl.runtime.forward import encoded, mechanism_output
from causaldsl.runtime.load import CompiledScm, Values
from causaldsl.semantics.model import Structural
from causaldsl.vocabulary.domains import levels_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Unseen variables that the evidence ties together, in topological order.

    `derived` are unseen ``:=`` variables between them, `factors` the mechanisms with a density
    that involve them (their own and the evidence's), `constraints` the observed ``:=`` ones.
    """

    unknown: tuple[str, ...]
    derived: tuple[str, ...]
    factors: tuple[str, ...]
    constraints: tuple[str, ...]

    @property
    def label(self) -> str:
        """The unseen variables, for messages."""
        return ", ".join(f"`{name}`" for name in self.unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The evidence of some rows, and what is known with it.

    Parameters
    ----------
    evidence
        Encoded observed values, ``(N,)`` each, without missing ones.
    known
        The evidence and whatever it settles: inverted latents and ``:=`` values, ``(N,)`` each.
    extra
        What guides read beside the evidence, such as ``__row__``.
    state
        The parameter store's state, which guides run in; `None` where nothing was fitted.
    row_ids
        Row numbers of the table, for messages.
    """

    compiled: CompiledScm = field(repr=False)
    params: Values = field(repr=False)
    evidence: Values = field(repr=False)
    known: Values = field(repr=False)
    extra: Values = field(default_factory=dict, repr=False)
    state: Mapping[str, object] | None = field(default=None, repr=False)
    n_rows: int
    row_ids: Tensor = field(repr=False)

    @classmethod
    def of(
        cls,
        compiled: CompiledScm,
        params: Values,
        evidence: Values,
        *,
        n_rows: int | None = None,
        row_ids: Tensor | None = None,
        extra: Values | None = None,
        state: Mapping[str, object] | None = None,
    ) -> Problem:
        """Return the problem of some evidence; rows are numbered from 0 unless told otherwise."""
        size = n_rows if n_rows is not None else len(next(iter(evidence.values())))
        return cls(
            compiled=compiled,
            params=params,
            evidence=evidence,
            known=evidence,
            extra=extra or {},
            state=state,
            n_rows=size,
            row_ids=torch.arange(size) if row_ids is None else row_ids,
        )

    def numbers(self, mask: Tensor) -> list[int]:
        """Return the row numbers that messages show for a mask ``(N,)``."""
        return [int(r) for r in self.row_ids[mask]]

    @property
    def order(self) -> tuple[str, ...]:
        """Every variable in topological order."""
        return tuple(self.compiled.parents)

    def is_derived(self, name: str) -> bool:
        """Whether a variable is ``:=``, so that its parents settle it."""
        return isinstance(self.compiled.scm.variables[name].mechanism, Structural)

    def levels(self, name: str) -> int | None:
        """Return the number of levels of a variable, if it has levels."""
        levels = levels_of(self.compiled.scm.variables[name].domain)
        return None if levels is None else len(levels)

    def rows(self, index: Tensor) -> Problem:
        """Return the problem of some of the rows."""
        return Problem(
            compiled=self.compiled,
            params=self.params,
            evidence={k: v[index] for k, v in self.evidence.items()},
            known={k: v[index] for k, v in self.known.items()},
            extra={k: v[index] for k, v in self.extra.items()},
            state=self.state,
            n_rows=int(index.numel()),
            row_ids=self.row_ids[index],
        )


def relevant(problem: Problem) -> tuple[str, ...]:
    """Return the unseen variables that have a descendant in the evidence, in topological order."""
    parents = problem.compiled.parents
    reached: set[str] = set()
    for name in reversed(problem.order):
        if name in problem.evidence or name in reached:
            reached.update(parents[name])
    return tuple(n for n in problem.order if n in reached and n not in problem.known)


def settle(problem: Problem, solved: Mapping[str, Tensor]) -> Problem:
    """Return the problem with more values known, and every ``:=`` value that follows from them."""
    known = {**problem.known, **solved}
    for name, parents in problem.compiled.parents.items():
        if name not in known and problem.is_derived(name) and all(p in known for p in parents):
            value, _ = mechanism_output(problem.compiled, problem.params, name, known)
            known[name] = encoded(problem.compiled, name, value).expand(problem.n_rows)
    return Problem(
        compiled=problem.compiled,
        params=problem.params,
        evidence=problem.evidence,
        known=known,
        extra=problem.extra,
        state=problem.state,
        n_rows=problem.n_rows,
        row_ids=problem.row_ids,
    )


def blocks_of(problem: Problem) -> tuple[Block, ...]:
    """Return the blocks of what is still unseen, independent of each other given the evidence."""
    names = relevant(problem)
    unknown = [n for n in names if not problem.is_derived(n)]
    behind = _behind(problem, names)
    home = {n: n for n in unknown}

    def root(name: str) -> str:
        while home[name] != name:
            name = home[name]
        return name

    touched: dict[str, frozenset[str]] = {}
    for name in (*unknown, *problem.known):  # an inverted latent speaks of its parents too
        own = {name} if name in home else set()
        touched[name] = frozenset(own.union(*(behind.get(p, ()) for p in _parents(problem, name))))
        first, *rest = sorted(touched[name], key=unknown.index) or [""]
        for other in rest:
            home[root(other)] = root(first)
    groups: dict[str, set[str]] = {}
    for name in unknown:
        groups.setdefault(root(name), set()).add(name)
    return tuple(_block(problem, members, touched, behind) for members in groups.values())


def merge(problem: Problem, blocks: Iterable[Block]) -> Block:
    """Return several blocks as one."""
    parts = tuple(blocks)

    def ordered(names: Iterable[str]) -> tuple[str, ...]:
        held = set(names)
        return tuple(n for n in problem.order if n in held)

    return Block(
        unknown=ordered(n for b in parts for n in b.unknown),
        derived=ordered(n for b in parts for n in b.derived),
        factors=ordered(n for b in parts for n in b.factors),
        constraints=ordered(n for b in parts for n in b.constraints),
    )


def complete(problem: Problem, block: Block, unknown: Values) -> dict[str, Tensor]:
    """Return the known values, given ones for a block, and the block's ``:=`` values from them."""
    values = {**problem.known, **unknown}
    for name in block.derived:
        output, _ = mechanism_output(problem.compiled, problem.params, name, values)
        values[name] = encoded(problem.compiled, name, output)
    return values


def log_joint(problem: Problem, block: Block, unknown: Values) -> Tensor:
    """Return log p(unknown, evidence) up to the factors that the block does not touch.

    Values are ``(N,)`` or ``(S, N)``; so is the result.
    """
    values = complete(problem, block, unknown)
    total = torch.zeros(problem.n_rows, dtype=torch.float64)
    for name in block.factors:
        output, _ = mechanism_output(problem.compiled, problem.params, name, values)
        total = total + output.log_prob(values[name])
    return total


def _parents(problem: Problem, name: str) -> tuple[str, ...]:
    return problem.compiled.parents[name]


def _behind(problem: Problem, names: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """Return, for each unseen variable, the free unseen ones that its value is made of."""
    result: dict[str, frozenset[str]] = {}
    for name in names:
        if problem.is_derived(name):
            parts = (result.get(p, frozenset()) for p in _parents(problem, name))
            result[name] = frozenset().union(*parts)
        else:
            result[name] = frozenset({name})
    return result


def _block(
    problem: Problem,
    members: set[str],
    touched: Mapping[str, frozenset[str]],
    behind: Mapping[str, frozenset[str]],
) -> Block:
    inside = [n for n in problem.order if n in touched and touched[n] & members]
    return Block(
        unknown=tuple(n for n in problem.order if n in members),
        derived=tuple(
            n
            for n in problem.order
            if n in behind and problem.is_derived(n) and behind[n] & members
        ),
        factors=tuple(n for n in inside if not problem.is_derived(n)),
        constraints=tuple(n for n in inside if problem.is_derived(n)),
    )
