"""Latents that an observed ``V := f(..., e)`` gives away exactly, by the inverse it came with."""

from __future__ import annotations

from torch import Tensor

from causaldsl.engines.problem import Problem, relevant, settle, with_inverses


def invert_known(problem: Problem) -> tuple[Problem, dict[str, Tensor]]:
    """Return the problem with every invertible latent settled, and those latents ``(N,)``.

    An inverse needs the other parents of its variable: settling one latent may open the way to
    the next, so the search goes on until nothing moves. What then waits for other unseen
    variables is marked as given back by them.
    """
    module = problem.compiled.module
    solved: dict[str, Tensor] = {}
    problem = settle(problem, {})
    moving = True
    while moving:
        moving = False
        unseen = set(relevant(problem))
        for name, latent in module.INVERSE_OF.items():
            others = [p for p in problem.compiled.parents[name] if p != latent]
            ready = name in problem.evidence and all(p in problem.known for p in others)
            if not ready or latent not in unseen or latent in solved:
                continue
            value = module.INVERSES[name](
                problem.params, problem.evidence[name], *(problem.known[p] for p in others)
            )
            solved[latent] = value.expand(problem.n_rows, *problem.event(latent))
            problem = settle(problem, {latent: solved[latent]})
            moving = True
    return with_inverses(problem), solved
