"""Rows abducted chunk by chunk, with some work done on each chunk while its draws are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import TypeVar

import torch
from torch import Tensor

from causaldsl.counterfactual import findings
from causaldsl.counterfactual.abduction import Abduction, Evidence, abduct
from causaldsl.counterfactual.untrained import check_trained
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.engines.choose import Objective
from causaldsl.engines.importance import normalised
from causaldsl.engines.problem import Problem
from causaldsl.runtime.load import CompiledScm, Values
from causaldsl.runtime.scope import isolated

_Result = TypeVar("_Result")

#: Numbers of one variable that are worked on at once: draws times rows times cells (its draws
#: then take eight megabytes).
CHUNK = 1_000_000

#: What is done with the rows of a chunk, their abduction, and the stream of random numbers.
Work = Callable[[Problem, Abduction, torch.Generator], _Result]


def abducted_chunks(
    compiled: CompiledScm,
    params: Values,
    evidence: Evidence,
    work: Work[_Result],
    *,
    seed: int,
    draws: int,
    reached: frozenset[str],
    state: Mapping[str, object] | None = None,
    engine: str | None = None,
    objective: Objective = "posterior",
) -> Iterator[tuple[Tensor, _Result]]:
    """Yield the positions of some rows, and what the work made of them.

    Rows that lack the same variables go together. The work runs in the library's scope, without
    gradients; it should return what is small.

    Parameters
    ----------
    reached
        The variables whose own noise the work needs.
    """
    if draws < 1:
        raise CounterfactualError([findings.wrong_draws(draws)])
    chunks = problems_of(compiled, params, evidence, draws=draws, state=state)
    for number, (part, problem) in enumerate(chunks):
        with isolated(seed), torch.no_grad():
            generator = torch.Generator().manual_seed(seed + 1_000_003 * number)
            abducted = abduct(
                problem, draws, generator, reached=reached, engine=engine, objective=objective
            )
            done = work(problem, abducted, generator)
        yield part, done


def problems_of(
    compiled: CompiledScm,
    params: Values,
    evidence: Evidence,
    *,
    draws: int,
    state: Mapping[str, object] | None = None,
) -> Iterator[tuple[Tensor, Problem]]:
    """Yield rows in chunks that lack the same variables: their positions, and what is known."""
    cells = max((prod(compiled.event(n)) for n in compiled.parents), default=1)
    for names, positions in evidence.patterns():
        if len(positions):
            check_trained(compiled.scm, set(compiled.scm.observed) - set(names))
        for part in torch.split(positions, max(1, CHUNK // (draws * cells))):
            if len(part):
                yield part, Problem.of(
                    compiled,
                    params,
                    {n: evidence.values[n][part] for n in names},
                    n_rows=len(part),
                    row_ids=evidence.row_numbers[part],
                    extra={n: v[part] for n, v in evidence.extra.items()},
                    state=state,
                )  # fmt: skip


def weights_of(abducted: Abduction) -> Tensor | None:
    """Return importance weights ``(S, N)`` that sum to one; `None` where draws weigh the same."""
    raw = abducted.posterior.log_weights
    return None if raw is None else normalised(raw)
