"""Rows abducted chunk by chunk, with some work done on each chunk while its draws are there.

`engine.world_chunks` opens every world of an intervention at once; what is asked here opens them
one after the other, or has no intervention at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import TypeVar

import torch
from torch import Tensor

from causaldsl.counterfactual import findings
from causaldsl.counterfactual.abduction import Abduction, Evidence, abduct
from causaldsl.counterfactual.engine import CHUNK
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.engines.choose import Objective
from causaldsl.engines.importance import normalised
from causaldsl.engines.problem import Problem
from causaldsl.ir.networks import event_of
from causaldsl.runtime.load import CompiledScm, Values
from causaldsl.runtime.scope import isolated

_Result = TypeVar("_Result")

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
    number = 0
    cells = max((prod(event_of(compiled.scm, n)) for n in compiled.scm.variables), default=1)
    for names, positions in evidence.patterns():
        for part in torch.split(positions, max(1, CHUNK // (draws * cells))):
            if not len(part):
                continue
            problem = Problem.of(
                compiled,
                params,
                {n: evidence.values[n][part] for n in names},
                n_rows=len(part),
                row_ids=evidence.row_numbers[part],
                extra={n: v[part] for n, v in evidence.extra.items()},
                state=state,
            )
            with isolated(seed), torch.no_grad():
                generator = torch.Generator().manual_seed(seed + 1_000_003 * number)
                abducted = abduct(
                    problem, draws, generator, reached=reached, engine=engine, objective=objective
                )
                done = work(problem, abducted, generator)
            number += 1
            yield part, done


def weights_of(abducted: Abduction) -> Tensor | None:
    """Return importance weights ``(S, N)`` that sum to one; `None` where draws weigh the same."""
    raw = abducted.posterior.log_weights
    return None if raw is None else normalised(raw)
