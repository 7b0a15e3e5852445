"""Laplace proposals: each row's posterior by its mode and curvature, corrected by importance.

Any differentiable mechanism, networks too, and any evidence will do; each cell of an array is a
coordinate. Positive, unit and uniform variables are
searched on a log or logit scale; unseen levels are gone through one by one. The proposal is a
Student t around the mode, so that weights stay bounded where the posterior has heavier tails.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.distributions as td
from torch import Tensor
from torch.nn import functional

from causaldsl.engines.discrete import (
    array_of_levels,
    at,
    configuration_count,
    configurations,
    with_levels,
)
from causaldsl.engines.importance import finite_weights
from causaldsl.engines.mixture import Gaussian, draw
from causaldsl.engines.newton import Peak, find_peaks
from causaldsl.engines.problem import Block, Problem, complete, log_joint
from causaldsl.engines.protocol import BlockPosterior
from causaldsl.runtime.distributions import apply_noise, cell_of, draw_noise
from causaldsl.runtime.forward import encoded, mechanism_output
from causaldsl.runtime.noise_maps import Law
from causaldsl.semantics.model import Stochastic
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
        if problem.size(reals) > MOST_COORDINATES:
            return f"{block.label} are more than {MOST_COORDINATES} numbers at once"
        if array_of_levels(problem, block):
            return array_of_levels(problem, block)
        if configuration_count(problem, block) > MOST_CONFIGURATIONS:
            return f"the levels in {block.label} have too many joint values"
        return None

    def posterior(
        self, problem: Problem, block: Block, draws: int, generator: torch.Generator
    ) -> BlockPosterior:
        """Return draws from the proposal with their log weights ``(S, N)``."""
        levels = with_levels(problem, block)
        reals = tuple(n for n in block.unknown if n not in levels)
        choices = configurations(problem, block)
        peaks = [_peak(problem, block, reals, choice) for choice in choices]
        drawn = draw([_gaussian(p) for p in peaks], draws, generator, freedom=FREEDOM)
        picked = {n: at(choices, n, drawn.picked) for n in levels}
        values, log_jacobian = _values_at(problem, block, reals, picked, drawn.x)
        target = log_joint(problem, block, values) + log_jacobian
        weights = finite_weights(target - drawn.log_q)
        # levels that the evidence excludes have no peak to find
        done = torch.stack([p.converged | (p.value == -torch.inf) for p in peaks]).all(0)
        return BlockPosterior(samples=values, log_weights=weights, unfinished=~done)


def _peak(
    problem: Problem, block: Block, reals: tuple[str, ...], choice: Mapping[str, Tensor]
) -> Peak:
    """Return the peak of the joint density given one joint value of the levels."""

    def density(x: Tensor, rows: Tensor) -> Tensor:
        some = problem if len(rows) == problem.n_rows else problem.rows(rows)
        fixed = {k: v[rows] for k, v in choice.items()}
        values, log_jacobian = _values_at(some, block, reals, fixed, x)
        return log_joint(some, block, values) + log_jacobian

    start = _start(problem, block, reals, choice, None)
    generator = torch.Generator().manual_seed(0)
    rows = torch.arange(problem.n_rows)
    for _ in range(_TRIES):  # the centre may be impossible beside the evidence: try elsewhere
        bad = ~torch.isfinite(density(start, rows))
        if not bad.any():
            break
        other = _start(problem, block, reals, choice, generator)
        start = torch.where(bad.unsqueeze(-1), other, start)
    return find_peaks(density, start)


def _start(
    problem: Problem,
    block: Block,
    reals: tuple[str, ...],
    choice: Mapping[str, Tensor],
    generator: torch.Generator | None,
) -> Tensor:
    """Return a point of each variable's own mechanism ``(N, m)``: its centre, or a draw."""
    found: dict[str, Tensor] = {}
    columns: dict[str, Tensor] = {}
    source = generator or torch.Generator().manual_seed(0)
    for name in problem.order:
        inside = name in reals or name in block.derived
        if not inside or problem.is_structural(name):
            continue
        # what evidence gives back gets a point too: its sources may come later
        values = complete(problem, block, {**choice, **found})
        law, _ = mechanism_output(problem.compiled, problem.params, name, values)
        noise = draw_noise(law, (problem.n_rows,), source)
        if generator is None:
            uniform = isinstance(cell_of(law)[0], td.Uniform)
            noise = torch.full_like(noise, 0.5 if uniform else 0.0)
        found[name] = encoded(problem.compiled, name, apply_noise(law, noise))
        domain = problem.compiled.scm.variables[name].domain
        full = _unconstrained(domain, cell_of(law)[0], found[name])
        full = full.expand(problem.n_rows, *problem.event(name))
        columns[name] = full.reshape(problem.n_rows, -1)
    return torch.cat([columns[n] for n in reals], -1).detach()


def _values_at(
    problem: Problem,
    block: Block,
    reals: tuple[str, ...],
    levels: Mapping[str, Tensor],
    x: Tensor,
) -> tuple[dict[str, Tensor], Tensor]:
    """Return the unknowns at coordinates ``(..., m)``, and log |d values / d x|."""
    values = dict(levels)
    total = torch.zeros(x.shape[:-1], dtype=torch.float64)
    for name, coordinates in problem.split(reals, x).items():
        domain = problem.compiled.scm.variables[name].domain
        law = None
        if isinstance(domain, Real) and _is_uniform(problem, name):
            here = complete(problem, block, values)
            output, _ = mechanism_output(problem.compiled, problem.params, name, here)
            law, _ = cell_of(output)
        values[name], log_slope = _constrained(domain, law, coordinates)
        total = total + (log_slope.sum(-1) if problem.event(name) else log_slope)
    return values, total


def _is_uniform(problem: Problem, name: str) -> bool:
    mechanism = problem.compiled.scm.variables[name].mechanism
    return isinstance(mechanism, Stochastic) and mechanism.family == "Uniform"


def _constrained(domain: Domain, law: Law | None, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return a value from its coordinate on the whole line, and the log slope there."""
    match domain:
        case Positive():
            return x.exp(), x
        case Real() if law is None:
            return x, torch.zeros_like(x)
        case _:
            unit = torch.sigmoid(x)
            log_slope = functional.logsigmoid(x) + functional.logsigmoid(-x)
            if law is None:
                return unit, log_slope
            width = law.high - law.low
            return law.low + width * unit, log_slope + torch.as_tensor(width).log()


def _unconstrained(domain: Domain, law: Law, value: Tensor) -> Tensor:
    """Return the coordinate of a value."""
    if isinstance(domain, Positive):
        return value.clamp(min=1e-300).log()
    if isinstance(law, td.Uniform):
        value = (value - law.low) / (law.high - law.low)
    elif not isinstance(domain, UnitInterval):
        return value
    return torch.logit(value.clamp(1e-12, 1 - 1e-12))


def _gaussian(peak: Peak) -> Gaussian:
    """Return the normal law with a peak's mode and curvature, and the mass it stands for."""
    m = peak.mode.shape[-1]
    spread = peak.vectors / peak.curve.sqrt().unsqueeze(-2)
    log_det = -0.5 * peak.curve.log().sum(-1)
    mass = peak.value + log_det + 0.5 * m * torch.log(torch.tensor(2 * torch.pi)).double()
    return Gaussian(mean=peak.mode, spread=spread, log_det=log_det, log_evidence=mass)
