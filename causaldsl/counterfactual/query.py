"""Queries by simulation: E, P and Q over drawn rows and their worlds, with arithmetic around.

Rows are drawn from the model with their noise, so every world of a row is known: facts behind the
bar choose rows, events and values may come from any world. The error comes from batches of
rows, which holds for whatever arithmetic stands around the expectations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

import torch
from torch import Tensor

from causaldsl.counterfactual import findings
from causaldsl.counterfactual.abduction import Abduction
from causaldsl.counterfactual.action import Fixed, Flip, World, act, intervene
from causaldsl.counterfactual.arithmetic import evaluate, text_of
from causaldsl.counterfactual.prediction import predict
from causaldsl.counterfactual.untrained import check_trained, drawn_for
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.engines.problem import Problem
from causaldsl.engines.protocol import LatentPosterior
from causaldsl.runtime.forward import draw_forward
from causaldsl.runtime.load import CompiledScm, Values
from causaldsl.runtime.scope import isolated
from causaldsl.semantics.model import Scm
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import levels_of

BATCHES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """A query's value over drawn rows, its Monte Carlo error, and the fewest rows behind a mean."""

    text: str
    estimate: float
    std_error: float
    n_rows: int
    least_rows: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """One E, P or Q by row: its values and the rows that the facts choose, ``(N,)`` each."""

    values: Tensor = field(repr=False)
    chosen: Tensor = field(repr=False)
    level: float | None


def answer_query(
    compiled: CompiledScm,
    params: Values,
    expression: nodes.Expression,
    *,
    seed: int,
    n_rows: int = 100_000,
) -> QueryResult:
    """Return a checked query's value in the model.

    Parameters
    ----------
    expression
        A query as the checker resolved it (``scm.queries``).
    n_rows
        How many rows are drawn; at least 1000.

    Raises
    ------
    CounterfactualError
        CD740 where no drawn row has the facts behind a bar, CD741 for too few rows, CD750 for a
        mechanism that was not trained.
    """
    if n_rows < 1000:
        raise CounterfactualError([findings.too_few_rows(n_rows)])
    check_trained(compiled.scm, _computed(expression, compiled.scm))
    with isolated(seed), torch.no_grad():
        rows = _Rows.draw(compiled, params, n_rows, seed)
        samples = {id(node): rows.sample(node) for node in _expectations(expression)}
        whole = _combine(compiled, params, expression, samples, None)
        batch = torch.arange(n_rows) % BATCHES
        parts = [
            _combine(compiled, params, expression, samples, batch == b) for b in range(BATCHES)
        ]
    spread = torch.tensor(parts, dtype=torch.float64).std().item()
    return QueryResult(
        text=text_of(expression),
        estimate=whole,
        std_error=spread / BATCHES**0.5,
        n_rows=n_rows,
        least_rows=min((int(s.chosen.sum()) for s in samples.values()), default=n_rows),
        seed=seed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Drawn rows with their noise, and the stream that policies draw from."""

    problem: Problem
    facts: Abduction
    generator: torch.Generator

    @classmethod
    def draw(cls, compiled: CompiledScm, params: Values, n_rows: int, seed: int) -> _Rows:
        """Return rows of the model, whose noise is known because it was drawn."""
        generator = torch.Generator().manual_seed(seed)
        values, noise = draw_forward(compiled, params, (1, n_rows), generator)
        known = LatentPosterior(samples={}, engine="drawn", engines={})
        return cls(
            problem=Problem.of(compiled, params, {}, n_rows=n_rows),
            facts=Abduction(values=values, noise=noise, posterior=known, draws=1),
            generator=generator,
        )

    def sample(self, node: nodes.Expectation) -> _Sample:
        """Return an expectation's values by row and the rows that its facts choose."""
        chosen = torch.ones(self.problem.n_rows, dtype=torch.bool)
        for fact in node.facts:
            if self.flips(fact):
                reason = "a fact is of one world; name a level"
                raise CounterfactualError(
                    [findings.cannot_compute(text_of(fact), reason, fact.span)]
                )
            chosen &= self.value(fact, {}) > 0.5
        if not chosen.any():
            facts = ", ".join(text_of(f) for f in node.facts)
            raise CounterfactualError(
                [findings.no_such_rows(facts, self.problem.n_rows, node.span)]
            )
        level = None if node.level is None else float(self.value(node.level, {})[0])
        return _Sample(values=self.over_flips(node.body), chosen=chosen, level=level)

    def over_flips(self, bodies: tuple[nodes.Expression, ...]) -> Tensor:
        """Return a body's values, averaged over every other level where it holds a flip.

        Several are events of one P, which happen together, in the same world of each flip.
        """
        targets = sorted(self.flips(bodies))
        variables = self.problem.compiled.scm.variables
        total = torch.zeros(self.problem.n_rows, dtype=torch.float64)
        count = torch.zeros_like(total)
        for levels in product(*(range(len(levels_of(variables[t].domain) or ())) for t in targets)):
            choice = dict(zip(targets, map(float, levels), strict=True))
            other = torch.ones(self.problem.n_rows, dtype=torch.bool)
            for target, level in choice.items():
                other &= self.facts.values[target][0] != level
            values = torch.stack([self.value(body, choice) for body in bodies]).amin(0)
            total += torch.where(other, values, 0.0)
            count += other
        return total / count

    def flips(self, node: object) -> set[str]:
        """Return the variables that an expression flips."""
        if isinstance(node, tuple):
            return set().union(*(self.flips(item) for item in node))
        if not isinstance(node, nodes.Node):
            return set()
        own: set[str] = set()
        if isinstance(node, nodes.World):
            settings = intervene(self.problem.compiled.scm, node.assignments).settings
            own = {s.target for s in settings if isinstance(s, Flip)}
        parts = (getattr(node, f) for f in node.__dataclass_fields__ if f != "span")
        return own.union(*(self.flips(part) for part in parts))

    def value(
        self,
        node: nodes.Expression,
        flipped: Mapping[str, float],
        values: Values | None = None,
    ) -> Tensor:
        """Return an expression by row; an event is 1 where it happens and 0 elsewhere."""
        scm, params = self.problem.compiled.scm, self.problem.params
        world = self.facts.values if values is None else values

        def special(part: nodes.Expression) -> Tensor | None:
            match part:
                case nodes.World():
                    return self.value(part.base, flipped, self.world(part, flipped))
                case nodes.Compare():
                    return self.event(part, flipped, world)
                case _:
                    return None

        result = evaluate(node, scm, params, world, special=special)
        return result.expand(1, self.problem.n_rows)[0] if result.dim() < 2 else result[0]

    def world(self, node: nodes.World, flipped: Mapping[str, float]) -> Values:
        """Return every variable's values in the world that a node names."""
        scm = self.problem.compiled.scm
        settings = tuple(
            Fixed(target=s.target, value=flipped[s.target]) if isinstance(s, Flip) else s
            for s in intervene(scm, node.assignments).settings
        )
        world = World(name=text_of(node), settings=settings)
        replaced = act(self.problem, self.facts, world, self.generator)
        return predict(self.problem, self.facts, replaced)

    def event(self, node: nodes.Compare, flipped: Mapping[str, float], values: Values) -> Tensor:
        """Return where a comparison holds; a level beside a variable is its position."""
        left, right = (
            self.side(side, other, flipped, values)
            for side, other in ((node.left, node.right), (node.right, node.left))
        )
        holds = {
            "=": left == right,
            "!=": left != right,
            "<": left < right,
            "<=": left <= right,
            ">": left > right,
            ">=": left >= right,
        }
        return holds[node.op].double()

    def side(
        self,
        node: nodes.Expression,
        other: nodes.Expression,
        flipped: Mapping[str, float],
        values: Values,
    ) -> Tensor:
        """Return one side of a comparison."""
        base = other.base if isinstance(other, nodes.World) else other
        if isinstance(node, nodes.Text) and isinstance(base, nodes.Name):
            levels = levels_of(self.problem.compiled.scm.variables[base.name].domain) or ()
            return torch.tensor(float(levels.index(node.value)), dtype=torch.float64)
        match node:  # a level has no value as a number, but two of them compare
            case nodes.Name(name=name) if name in values and not self.problem.event(name):
                return values[name].double().expand(1, self.problem.n_rows)[0]
            case nodes.World(base=nodes.Name(name=name)) if not self.problem.event(name):
                here = self.world(node, flipped)[name]
                return here.double().expand(1, self.problem.n_rows)[0]
            case _:
                return self.value(node, flipped, values)


def _computed(node: object, scm: Scm, set_: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return what has to be drawn for an expression, where some variables are set."""
    if isinstance(node, tuple):
        return frozenset().union(*(_computed(item, scm, set_) for item in node))
    match node:
        case nodes.World(base=base, assignments=assignments):
            targets = frozenset(intervene(scm, assignments).targets)
            read = tuple(a.value for a in assignments)
            return _computed(base, scm, targets) | _computed(read, scm)
        case nodes.Name(name=name) if name in scm.variables:
            return drawn_for(scm, name, set_)
        case nodes.Node():
            parts = tuple(getattr(node, f) for f in node.__dataclass_fields__ if f != "span")
            return _computed(parts, scm, set_)
        case _:
            return frozenset()


def _expectations(node: object) -> list[nodes.Expectation]:
    """Return every E, P and Q of an expression; none stands inside another."""
    if isinstance(node, nodes.Expectation):
        return [node]
    if isinstance(node, tuple):
        return [e for item in node for e in _expectations(item)]
    if not isinstance(node, nodes.Node):
        return []
    parts = (getattr(node, f) for f in node.__dataclass_fields__ if f != "span")
    return [e for part in parts for e in _expectations(part)]


def _combine(
    compiled: CompiledScm,
    params: Values,
    expression: nodes.Expression,
    samples: Mapping[int, _Sample],
    rows: Tensor | None,
) -> float:
    """Return the query's value over some of the rows (all of them when not given)."""

    def special(node: nodes.Expression) -> Tensor | None:
        if not isinstance(node, nodes.Expectation):
            return None
        sample = samples[id(node)]
        chosen = sample.chosen if rows is None else sample.chosen & rows
        values = sample.values[chosen]
        if len(values) == 0:
            return torch.tensor(torch.nan, dtype=torch.float64)
        return values.mean() if sample.level is None else torch.quantile(values, sample.level)

    return float(evaluate(expression, compiled.scm, params, {}, special=special))
