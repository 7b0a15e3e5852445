"""What an engine is asked: which values are unseen, and which evidence speaks of them.

Everything is a name until a density is needed. An unseen variable without a descendant in the
evidence is barren and no engine's business: its own mechanism draws it. The others fall into
blocks that are independent given the evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import prod

import torch
from torch import Tensor

from causaldsl.runtime.distributions import log_density
from causaldsl.runtime.forward import encoded, mechanism_output
from causaldsl.runtime.load import CompiledScm, Heads, Values
from causaldsl.runtime.noise_maps import joint_shape
from causaldsl.semantics.model import Structural
from causaldsl.vocabulary.domains import levels_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Unseen variables that the evidence ties together, in topological order.

    `derived` are what the unknown settle, in the order of computing: unseen ``:=`` variables, and
    latents that an observed ``:=`` gives back. `factors` are the mechanisms with a density that
    involve the block (its own and the evidence's), `constraints` observed ``:=`` ones without
    an inverse.
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
        Encoded observed values, ``(N, *event)`` each, without missing ones.
    known
        The evidence and whatever it settles: inverted latents and ``:=`` values.
    extra
        What guides read beside the evidence, such as ``__row__``.
    state
        The parameter store's state, which guides run in; `None` where nothing was fitted.
    row_ids
        Row numbers of the table, for messages.
    inverted
        Latents that an observed ``:=`` gives back once its other parents are known, and that
        variable: the change of variables makes the ``:=`` a density of the evidence.
    """

    compiled: CompiledScm = field(repr=False)
    params: Values = field(repr=False)
    evidence: Values = field(repr=False)
    known: Values = field(repr=False)
    extra: Values = field(default_factory=dict, repr=False)
    state: Mapping[str, object] | None = field(default=None, repr=False)
    n_rows: int
    row_ids: Tensor = field(repr=False)
    inverted: Mapping[str, str] = field(default_factory=dict)

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

    def is_structural(self, name: str) -> bool:
        """Whether a variable is ``:=``, so that its parents settle it."""
        return isinstance(self.compiled.scm.variables[name].mechanism, Structural)

    def is_derived(self, name: str) -> bool:
        """Whether other values settle a variable: its parents, or what it is the noise of."""
        return name in self.inverted or self.is_structural(name)

    def sources(self, name: str) -> tuple[str, ...]:
        """Return the values that a derived variable is computed from."""
        parents = self.compiled.parents
        if name not in self.inverted:
            return parents[name]
        return tuple(p for p in parents[self.inverted[name]] if p != name)

    def levels(self, name: str) -> int | None:
        """Return the number of levels of a variable, if it has levels."""
        levels = levels_of(self.compiled.scm.variables[name].domain)
        return None if levels is None else len(levels)

    def event(self, name: str) -> tuple[int, ...]:
        """Return the shape of one row's value of a variable."""
        return self.compiled.event(name)

    def size(self, names: Iterable[str]) -> int:
        """Return how many numbers the values of some variables are in one row."""
        return sum(prod(self.event(n)) for n in names)

    def split(self, names: Iterable[str], numbers: Tensor) -> dict[str, Tensor]:
        """Return values ``(..., *event)`` by name from numbers ``(..., m)`` in the names' order."""
        found: dict[str, Tensor] = {}
        start = 0
        for name in names:
            event = self.event(name)
            stop = start + prod(event)
            cells = numbers[..., start] if not event else numbers[..., start:stop]
            found[name] = cells.reshape(*numbers.shape[:-1], *event)
            start = stop
        return found

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
            inverted=self.inverted,
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
        ready = name not in known and all(p in known for p in parents)
        if ready and problem.is_structural(name):
            value, _ = mechanism_output(problem.compiled, problem.params, name, known)
            full = (problem.n_rows, *problem.event(name))
            known[name] = encoded(problem.compiled, name, value).expand(full)
    return replace(problem, known=known)


def with_inverses(problem: Problem) -> Problem:
    """Return the problem with every unseen latent marked that an observed ``:=`` gives back.

    Left out is one whose inverse would need a value that is itself made from the latent.
    """
    unseen = set(relevant(problem))
    for variable, latent in problem.compiled.module.INVERSE_OF.items():
        if variable in problem.evidence and latent in unseen and latent not in problem.inverted:
            tried = replace(problem, inverted={**problem.inverted, latent: variable})
            if _derivation(tried, unseen) is not None:
                problem = tried
    return problem


def blocks_of(problem: Problem) -> tuple[Block, ...]:
    """Return the blocks of what is still unseen, independent of each other given the evidence."""
    names = set(relevant(problem))
    derivation = _derivation(problem, names) or ()
    unknown = [n for n in problem.order if n in names and not problem.is_derived(n)]
    behind: dict[str, frozenset[str]] = {n: frozenset({n}) for n in unknown}
    for name in derivation:
        behind[name] = _union(behind, problem.sources(name))
    touched = _touched(problem, behind)
    groups: list[set[str]] = [{n} for n in unknown]
    for names_together in touched.values():
        joined = [g for g in groups if g & names_together]
        if len(joined) > 1:
            groups = [g for g in groups if not g & names_together] + [set().union(*joined)]
    groups.sort(key=lambda g: min(unknown.index(n) for n in g))
    return tuple(_block(problem, group, touched, behind, derivation) for group in groups)


def merge(problem: Problem, blocks: Iterable[Block]) -> Block:
    """Return several blocks as one."""
    parts = tuple(blocks)

    def ordered(names: Iterable[str]) -> tuple[str, ...]:
        held = set(names)
        return tuple(n for n in problem.order if n in held)

    return Block(
        unknown=ordered(n for b in parts for n in b.unknown),
        derived=tuple(n for b in parts for n in b.derived),
        factors=ordered(n for b in parts for n in b.factors),
        constraints=ordered(n for b in parts for n in b.constraints),
    )


def complete(problem: Problem, block: Block, unknown: Values) -> dict[str, Tensor]:
    """Return the known values, given ones for a block, and what the block derives from them.

    Beside a latent that an observed V gives back stands ``V__slope``, the logarithm of its
    derivative in V. What lacks a source is left out.
    """
    values = {**problem.known, **unknown}
    for name in block.derived:
        if not all(source in values for source in problem.sources(name)):
            continue
        if name in problem.inverted:
            variable = problem.inverted[name]
            values[name], values[f"{variable}__slope"] = _inverse(problem, name, values)
        else:
            output, _ = mechanism_output(problem.compiled, problem.params, name, values)
            values[name] = encoded(problem.compiled, name, output)
    return values


def log_joint(problem: Problem, block: Block, unknown: Values) -> Tensor:
    """Return log p(unknown, evidence) up to the factors that the block does not touch.

    Values are ``(N, *event)`` or ``(S, N, *event)``, the result ``(N,)`` or ``(S, N)``.
    """
    values = complete(problem, block, unknown)
    total = torch.zeros(problem.n_rows, dtype=torch.float64)
    heads: Heads = {}
    for name in block.factors:
        output, _ = mechanism_output(problem.compiled, problem.params, name, values, heads)
        total = total + log_density(output, values[name])
        if name in problem.inverted:
            total = total + values[f"{problem.inverted[name]}__slope"]
    return total


def _inverse(problem: Problem, latent: str, values: Values) -> tuple[Tensor, Tensor]:
    """Return the latent behind an observed ``:=`` value, and the log slope of the inverse."""
    variable = problem.inverted[latent]
    others = [values[source] for source in problem.sources(latent)]
    invert = problem.compiled.module.INVERSES[variable]
    axes = (len(problem.event(source)) for source in problem.sources(latent))
    rows = (tuple(o.shape[: o.dim() - k]) for o, k in zip(others, axes, strict=True))
    shape = joint_shape(*rows, (problem.n_rows,))
    with torch.enable_grad():
        point = problem.evidence[variable].detach().expand(shape).requires_grad_()
        latent_value = invert(problem.params, point, *others)
        (slope,) = torch.autograd.grad(latent_value.sum(), point, create_graph=True)
        log_slope = slope.abs().log()
    if torch.is_grad_enabled():
        return latent_value, log_slope
    return latent_value.detach(), log_slope.detach()


def _derivation(problem: Problem, unseen: set[str]) -> tuple[str, ...] | None:
    """Return the unseen derived variables in an order of computing, `None` where there is none."""
    waiting = [n for n in problem.order if n in unseen and problem.is_derived(n)]
    missing = set(waiting)
    found: list[str] = []
    while waiting:
        ready = [n for n in waiting if not missing.intersection(problem.sources(n))]
        if not ready:
            return None
        found += ready
        missing -= set(ready)
        waiting = [n for n in waiting if n in missing]
    return tuple(found)


def _union(behind: Mapping[str, frozenset[str]], names: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(behind.get(n, frozenset()) for n in names))


def _touched(problem: Problem, behind: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Return which free unseen variables each mechanism's density involves.

    A ``:=`` that gives its latent back holds by itself, and an unseen ``:=`` always holds.
    """
    given_back = set(problem.inverted.values())
    result: dict[str, frozenset[str]] = {}
    for name in problem.order:
        speaks = name in problem.known or name in behind
        by_itself = name in given_back or (problem.is_structural(name) and name in behind)
        if speaks and not by_itself:
            result[name] = _union(behind, (name, *problem.compiled.parents[name]))
    return result


def _block(
    problem: Problem,
    members: set[str],
    touched: Mapping[str, frozenset[str]],
    behind: Mapping[str, frozenset[str]],
    derivation: tuple[str, ...],
) -> Block:
    inside = [n for n in touched if touched[n] & members]
    return Block(
        unknown=tuple(n for n in problem.order if n in members),
        derived=tuple(n for n in derivation if behind[n] & members),
        factors=tuple(n for n in inside if not problem.is_structural(n)),
        constraints=tuple(n for n in inside if problem.is_structural(n)),
    )
