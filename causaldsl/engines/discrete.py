"""Enumeration: every joint value of a block's levels, each with its probability."""

from __future__ import annotations

from itertools import product
from math import prod

import torch
from torch import Tensor

from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.engines import findings
from causaldsl.engines.importance import finite_weights
from causaldsl.engines.problem import Block, Problem, log_joint
from causaldsl.engines.protocol import BlockPosterior
from causaldsl.runtime.forward import encoded

MOST_CONFIGURATIONS = 1024


def with_levels(problem: Problem, block: Block) -> tuple[str, ...]:
    """Return the unseen variables of a block that have levels."""
    return tuple(n for n in block.unknown if problem.levels(n) is not None)


def array_of_levels(problem: Problem, block: Block) -> str | None:
    """Return why the levels of a block cannot be gone through: one of them is an array's."""
    arrays = [n for n in with_levels(problem, block) if problem.event(n)]
    return f"`{arrays[0]}` is an array of levels, too many at once" if arrays else None


def configuration_count(problem: Problem, block: Block) -> int:
    """Return how many joint values the block's unseen levels have (1 where there are none)."""
    return prod(problem.levels(n) or 1 for n in with_levels(problem, block))


def configurations(problem: Problem, block: Block) -> tuple[dict[str, Tensor], ...]:
    """Return every joint value of the block's unseen levels, each variable ``(N,)``."""
    names = with_levels(problem, block)
    return tuple(
        {
            name: encoded(problem.compiled, name, torch.full((problem.n_rows,), float(level)))
            for name, level in zip(names, levels, strict=True)
        }
        for levels in product(*(range(problem.levels(n) or 1) for n in names))
    )


def pick(log_shares: Tensor, draws: int, generator: torch.Generator) -> Tensor:
    """Return positions ``(S, N)`` drawn by the shares ``(C, N)``, by systematic uniforms.

    One uniform for each row, spread evenly over the draws, keeps the shares of a row's draws
    within one draw of the truth.
    """
    edges = torch.softmax(log_shares, 0).cumsum(0)  # (C, N)
    start = torch.rand((1, log_shares.shape[1]), generator=generator, dtype=torch.float64)
    steps = torch.arange(draws, dtype=torch.float64).unsqueeze(-1)
    uniform = (steps + start) / draws  # (S, N)
    picked = torch.searchsorted(edges.T.contiguous(), uniform.T.contiguous()).T
    return picked.clamp(max=log_shares.shape[0] - 1)


def at(choices: tuple[dict[str, Tensor], ...], name: str, picked: Tensor) -> Tensor:
    """Return a variable's values ``(S, N)`` at the picked configurations."""
    return torch.stack([choice[name] for choice in choices]).gather(0, picked)


def refuse_impossible(problem: Problem, block: Block, log_shares: Tensor) -> None:
    """Refuse rows that no joint value of the levels explains, given shares ``(C, N)``."""
    lost = (log_shares == -torch.inf).all(0)
    if lost.any():
        names = [f for f in block.factors if f in problem.evidence]
        raise CounterfactualError([findings.contradiction(names, problem.numbers(lost))])


class ExactDiscrete:
    """Exact posterior draws of levels by enumeration."""

    name = "exact-discrete"
    is_exact = True

    def refusal(self, problem: Problem, block: Block) -> str | None:
        """Refuse blocks with a number in them, and blocks with too many joint values."""
        free = [n for n in block.unknown if problem.levels(n) is None]
        if free:
            return f"`{free[0]}` has no levels to go through"
        arrays = array_of_levels(problem, block)
        if arrays:
            return arrays
        count = configuration_count(problem, block)
        if count > MOST_CONFIGURATIONS:
            return f"{block.label} have {count} joint values, more than {MOST_CONFIGURATIONS}"
        if block.constraints:
            return f"`{block.constraints[0]}` is given by `:=` and has no density"
        return None

    def posterior(
        self, problem: Problem, block: Block, draws: int, generator: torch.Generator
    ) -> BlockPosterior:
        """Return posterior draws, each row's in shares that are exact to one draw."""
        choices = configurations(problem, block)
        log_shares = finite_weights(torch.stack([log_joint(problem, block, c) for c in choices]))
        refuse_impossible(problem, block, log_shares)
        picked = pick(log_shares, draws, generator)
        # systematic draws come sorted: shuffle each row's, since other blocks pair draws with these
        shuffle = torch.rand(picked.shape, generator=generator, dtype=torch.float64).argsort(0)
        picked = picked.gather(0, shuffle)
        return BlockPosterior(samples={n: at(choices, n, picked) for n in block.unknown})
