"""Importance weights, what they are worth, and the engine of last resort.

Weights correct draws of a proposal q to the posterior: ``w = p(unseen, evidence) / q(unseen)``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from causaldsl.engines.problem import Block, Problem, complete, log_joint
from causaldsl.engines.protocol import BlockPosterior
from causaldsl.runtime.distributions import apply_noise, draw_noise
from causaldsl.runtime.forward import encoded, mechanism_output


def normalised(log_weights: Tensor) -> Tensor:
    """Return weights that sum to one over the draws of each row, ``(S, N)``."""
    return torch.softmax(log_weights, 0)


def effective_sample_size(log_weights: Tensor) -> Tensor:
    """Return Kish's effective sample size ``(sum w)^2 / sum w^2`` of each row, ``(N,)``."""
    return 1 / normalised(log_weights).square().sum(0)


def finite_weights(log_weights: Tensor) -> Tensor:
    """Return log weights where draws that the model cannot give, or not compute, weigh nothing."""
    bad = torch.isnan(log_weights) | (log_weights == torch.inf)
    return torch.where(bad, torch.full_like(log_weights, -torch.inf), log_weights)


def taken(values: Tensor, picked: Tensor) -> Tensor:
    """Return the picked draws ``(S', N, *event)`` of values ``(S, N, *event)``.

    `picked` ``(S', N)`` holds, for each row, positions of draws.
    """
    event = values.shape[2:]
    index = picked.reshape(*picked.shape, *(1,) * len(event)).expand(*picked.shape, *event)
    return values.gather(0, index)


class PriorProposal:
    """Likelihood weighting: the unseen variables by their mechanisms, weighed by the evidence."""

    name = "importance"
    is_exact = False

    def refusal(self, problem: Problem, block: Block) -> str | None:
        """Refuse evidence without a density, and draws that would have to wait for an inverse."""
        if block.constraints:
            return f"`{block.constraints[0]}` is given by `:=` and has no density to weigh by"
        given_back = set(problem.inverted).intersection(block.derived)
        for name in block.unknown:
            if given_back.intersection(problem.compiled.parents[name]):
                return f"`{name}` has a parent that `:=` evidence gives back"
        return None

    def posterior(
        self, problem: Problem, block: Block, draws: int, generator: torch.Generator
    ) -> BlockPosterior:
        """Return prior draws and the log-likelihood of the evidence as weights."""
        shape = (draws, problem.n_rows)
        samples: dict[str, Tensor] = {}
        for name in block.unknown:
            values = complete(problem, block, samples)
            output, _ = mechanism_output(problem.compiled, problem.params, name, values)
            drawn = apply_noise(output, draw_noise(output, shape, generator))
            samples[name] = encoded(problem.compiled, name, drawn)
        likelihood = Block(
            unknown=block.unknown,
            derived=block.derived,
            factors=tuple(f for f in block.factors if f not in block.unknown),
            constraints=(),
        )
        weights = log_joint(problem, likelihood, samples).expand(shape)
        return BlockPosterior(samples=samples, log_weights=finite_weights(weights))
