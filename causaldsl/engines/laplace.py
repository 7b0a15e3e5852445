"""Laplace proposals: each row's posterior by its mode and curvature, corrected by importance.

Any differentiable mechanism and any evidence will do. Positive and unit variables are searched
on the log and logit scale; unseen levels are gone through one by one. The proposal is a Student
t around the mode, so that the weights stay bounded where the posterior has heavier tails.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from causaldsl.engines.discrete import at, configuration_count, configurations, with_levels
from causaldsl.engines.mixture import Gaussian, draw
from causaldsl.engines.newton import Peak, find_peaks
from causaldsl.engines.problem import Block, Problem, complete, log_joint
from causaldsl.engines.protocol import BlockPosterior
from causaldsl.runtime.distributions import apply_noise, draw_noise
from causaldsl.runtime.forward import encoded, mechanism_output
from causaldsl.vocabulary.domains import Domain, Positive, Real, UnitInterval

MOST_CONFIGURATIONS = 32
MOST_COORDINATES = 40
_TRIES = 50
FREEDOM = 8.0  # degrees of freedom of the proposal


class Laplace:
    """Mode, curvature, heavier tails, weights."""

    name = "laplace"
    is_exact = False

    def refusal(self, problem: Problem, block: Block) -> str | None:
        """Refuse unseen counts, too many joint levels, and evidence without a density."""
        if block.constraints:
            return f"`{block.constraints[0]}` is given by `:=` and has no density"
        levels = with_levels(problem, block)
        reals = [n for n in block.unknown if n not in levels]
        if not reals:
            return f"{block.label} have levels only"
        for name in reals:
            domain = problem.compiled.scm.variables[name].domain
            if not isinstance(domain, Real | Positive | UnitInterval):
                return f"`{name}` is a {domain}, which has no gradient"
        if len(reals) > MOST_COORDINATES:
            return f"{block.label} are more than {MOST_COORDINATES} at once"
        if configuration_count(problem, block) > MOST_CONFIGURATIONS:
            return f"the levels in {block.label} have too many joint values"
        return None

    def posterior(
        self, problem: Problem, block: Block, draws: int, generator: torch.Generator
    ) -> BlockPosterior:
        """Return draws from the proposal with their log weights ``(S, N)``."""
        levels = with_levels(problem, block)
        reals = tuple(n for n in block.unknown if n not in levels)
        domains = [problem.compiled.scm.variables[n].domain for n in reals]
        choices = configurations(problem, block)
        peaks = [_peak(problem, block, reals, domains, choice) for choice in choices]
        drawn = draw([_gaussian(p) for p in peaks], draws, generator, freedom=FREEDOM)
        samples = {
            n: _constrain(d, drawn.x[..., j]) for j, (n, d) in enumerate(_pairs(reals, domains))
        }
        samples |= {n: at(choices, n, drawn.picked) for n in levels}
        target = log_joint(problem, block, samples) + _log_jacobian(domains, drawn.x)
        weights = torch.nan_to_num(target - drawn.log_q, nan=-torch.inf, posinf=-torch.inf)
        unfinished = ~torch.stack([p.converged for p in peaks]).all(0)
        return BlockPosterior(samples=samples, log_weights=weights, unfinished=unfinished)


def _peak(
    problem: Problem,
    block: Block,
    reals: tuple[str, ...],
    domains: list[Domain],
    choice: Mapping[str, Tensor],
) -> Peak:
    """Return the peak of the joint density given one joint value of the levels."""

    def density(x: Tensor, rows: Tensor) -> Tensor:
        some = problem if len(rows) == problem.n_rows else problem.rows(rows)
        values = {n: _constrain(d, x[:, j]) for j, (n, d) in enumerate(_pairs(reals, domains))}
        fixed = {k: v[rows] for k, v in choice.items()}
        return log_joint(some, block, {**fixed, **values}) + _log_jacobian(domains, x)

    start = _start(problem, block, reals, domains, choice, None)
    generator = torch.Generator().manual_seed(0)
    rows = torch.arange(problem.n_rows)
    for _ in range(_TRIES):  # the centre may be impossible beside the evidence: try elsewhere
        bad = ~torch.isfinite(density(start, rows))
        if not bad.any():
            break
        other = _start(problem, block, reals, domains, choice, generator)
        start = torch.where(bad.unsqueeze(-1), other, start)
    return find_peaks(density, start)


def _start(
    problem: Problem,
    block: Block,
    reals: tuple[str, ...],
    domains: list[Domain],
    choice: Mapping[str, Tensor],
    generator: torch.Generator | None,
) -> Tensor:
    """Return a point of each variable's own mechanism ``(N, m)``: its centre, or a draw."""
    found: dict[str, Tensor] = {}
    source = generator or torch.Generator().manual_seed(0)
    for name in problem.order:
        if name not in reals and name not in block.derived:
            continue
        if problem.is_structural(name):
            continue
        # what evidence gives back gets a point too: its sources may come later
        values = complete(problem, block, {**choice, **found})
        output, _ = mechanism_output(problem.compiled, problem.params, name, values)
        noise = draw_noise(output, (problem.n_rows,), source)
        noise = torch.zeros_like(noise) if generator is None else noise
        found[name] = encoded(problem.compiled, name, apply_noise(output, noise))
    columns = [_unconstrain(d, found[n]) for n, d in _pairs(reals, domains)]
    return torch.stack(columns, -1).detach()


def _gaussian(peak: Peak) -> Gaussian:
    """Return the normal law with a peak's mode and curvature, and the mass it stands for."""
    m = peak.mode.shape[-1]
    spread = peak.vectors / peak.curve.sqrt().unsqueeze(-2)
    log_det = -0.5 * peak.curve.log().sum(-1)
    mass = peak.value + log_det + 0.5 * m * torch.log(torch.tensor(2 * torch.pi)).double()
    return Gaussian(mean=peak.mode, spread=spread, log_det=log_det, log_evidence=mass)


def _pairs(reals: tuple[str, ...], domains: list[Domain]) -> list[tuple[str, Domain]]:
    return list(zip(reals, domains, strict=True))


def _constrain(domain: Domain, x: Tensor) -> Tensor:
    match domain:
        case Positive():
            return x.exp()
        case UnitInterval():
            return torch.sigmoid(x)
        case _:
            return x


def _unconstrain(domain: Domain, value: Tensor) -> Tensor:
    match domain:
        case Positive():
            return value.clamp(min=1e-300).log()
        case UnitInterval():
            return torch.logit(value.clamp(1e-12, 1 - 1e-12))
        case _:
            return value


def _log_jacobian(domains: list[Domain], x: Tensor) -> Tensor:
    """Return log |d value / d x| summed over the coordinates, ``(...,)`` of x ``(..., m)``."""
    total = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for j, domain in enumerate(domains):
        match domain:
            case Positive():
                total = total + x[..., j]
            case UnitInterval():
                total = total + functional.logsigmoid(x[..., j]) + functional.logsigmoid(-x[..., j])
            case _:
                pass
    return total
