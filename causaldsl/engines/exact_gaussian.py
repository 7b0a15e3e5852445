"""The exact posterior where, given the rest of the evidence, everything unseen is linear-Gaussian.

The syntax says whether means are affine and scales free of the unseen; the coefficients are read
off the emitted mechanisms by evaluating them at the origin and at each unit vector. The posterior
is a least-squares problem, solved by QR: squared scales never enter, so a scale of 0.01 beside
one of 1 costs two digits and not four.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log, pi

import torch
import torch.distributions as td
from torch import Tensor

from causaldsl.engines.affine import Degree, degree, names_in
from causaldsl.engines.discrete import (
    array_of_levels,
    at,
    configuration_count,
    configurations,
    refuse_impossible,
    with_levels,
)
from causaldsl.engines.importance import finite_weights
from causaldsl.engines.mixture import Gaussian, draw
from causaldsl.engines.problem import Block, Problem, complete
from causaldsl.engines.protocol import BlockPosterior
from causaldsl.runtime.distributions import cell_of, log_density
from causaldsl.runtime.forward import mechanism_output
from causaldsl.runtime.load import Heads
from causaldsl.semantics.model import Stochastic, Structural
from causaldsl.vocabulary.domains import Real

MOST_CONFIGURATIONS = 64
_ROUNDING = 1e-7  # how far a residual may stray from what its coefficients say, relatively


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearSystem:
    """Residuals ``a x + c`` of the stochastic mechanisms, each standard normal.

    `a` is ``(N or 1, F, m)`` and `c` ``(N, F)``, both divided by the scales, whose logarithms
    sum to `log_scale` ``(N,)``; `g` and `h` are the same for ``:=`` evidence, ``g x + h = 0``.
    """

    a: Tensor = field(repr=False)
    c: Tensor = field(repr=False)
    log_scale: Tensor = field(repr=False)
    g: Tensor = field(repr=False)
    h: Tensor = field(repr=False)


class ExactGaussian:
    """Exact draws by linear algebra; a mixture over the block's unseen levels where it has some."""

    name = "exact-gaussian"
    is_exact = True

    def refusal(self, problem: Problem, block: Block) -> str | None:
        """Refuse blocks that are not linear-Gaussian by what their mechanisms say."""
        levels = set(with_levels(problem, block))
        reals = [n for n in block.unknown if n not in levels]
        if not reals:
            return f"{block.label} have levels only"
        for name in reals:
            if not isinstance(problem.compiled.scm.variables[name].domain, Real):
                return f"`{name}` is not real"
        if array_of_levels(problem, block):
            return array_of_levels(problem, block)
        if configuration_count(problem, block) > MOST_CONFIGURATIONS:
            return f"the levels in {block.label} have too many joint values"
        if levels and block.constraints:
            return f"`{block.constraints[0]}` is given by `:=` beside unseen levels"
        return _not_linear(problem, block, (*reals, *block.derived), levels)

    def posterior(
        self, problem: Problem, block: Block, draws: int, generator: torch.Generator
    ) -> BlockPosterior:
        """Return exact posterior draws."""
        levels = with_levels(problem, block)
        reals = tuple(n for n in block.unknown if n not in levels)
        choices = configurations(problem, block)
        parts = []
        for choice in choices:
            system = linear_system(problem, block, reals, choice)
            part = solve(system)
            parts.append(_with_levels_weighed(problem, block, part, choice, reals))
        if levels:
            shares = torch.stack([part.log_evidence for part in parts])
            refuse_impossible(problem, block, finite_weights(shares))
        drawn = draw(parts, draws, generator)
        samples = problem.split(reals, drawn.x)
        samples |= {n: at(choices, n, drawn.picked) for n in levels}
        return BlockPosterior(samples=samples)


def moments(problem: Problem, block: Block, reals: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """Return the exact posterior mean ``(N, m)`` and covariance ``(N or 1, m, m)`` of a block.

    Only for blocks without unseen levels; the cells of an array stand side by side.
    """
    part = solve(linear_system(problem, block, reals, {}))
    return part.mean, part.spread @ part.spread.mT


def linear_system(
    problem: Problem, block: Block, reals: tuple[str, ...], levels: Mapping[str, Tensor]
) -> LinearSystem:
    """Return the block's residuals as affine functions, read off the mechanisms.

    Coefficients are derivatives, so that nothing cancels: a weight beside a large intercept keeps
    all its digits.
    """
    point = _at_zero(problem, reals)
    with torch.enable_grad():
        leaves = {n: v.requires_grad_() for n, v in point.items()}
        residual, scale, miss = _residuals(problem, block, reals, {**levels, **leaves})
        a, g = _jacobian(residual, leaves), _jacobian(miss, leaves)
    return LinearSystem(
        a=_once(a),
        c=residual.detach(),
        log_scale=scale.detach().log().sum(-1),
        g=_once(g),
        h=miss.detach(),
    )


def _at_zero(problem: Problem, names: tuple[str, ...]) -> dict[str, Tensor]:
    full = {n: (problem.n_rows, *problem.event(n)) for n in names}
    return {n: torch.zeros(shape, dtype=torch.float64) for n, shape in full.items()}


def _residuals(
    problem: Problem, block: Block, reals: tuple[str, ...], unknown: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return standardised residuals and scales ``(N, F)``, and misses of ``:=`` ``(N, k)``."""
    values = complete(problem, block, unknown)
    residuals, scales, misses = [], [], []
    heads: Heads = {}
    for name in block.factors:
        if not _is_gaussian(problem, name, reals):
            continue
        output, _ = mechanism_output(problem.compiled, problem.params, name, values, heads)
        cell, _ = cell_of(output)
        full = (problem.n_rows, *problem.event(name))
        target = values[name].log() if isinstance(cell, td.LogNormal) else values[name]
        residuals.append(((target - cell.loc) / cell.scale).expand(full))
        scales.append(cell.scale.expand(full))
    for name in block.constraints:
        output, _ = mechanism_output(problem.compiled, problem.params, name, values)
        misses.append((output - values[name]).expand(problem.n_rows, *problem.event(name)))
    n = problem.n_rows
    return _columns(residuals, n), _columns(scales, n), _columns(misses, n)


def _jacobian(columns: Tensor, leaves: Mapping[str, Tensor]) -> Tensor:
    """Return derivatives ``(N, F, m)`` of columns ``(N, F)``, each row its own function."""
    n, count = columns.shape
    widths = [leaf.shape[1:].numel() for leaf in leaves.values()]
    starts = [sum(widths[:j]) for j in range(len(widths))]
    result = torch.zeros((n, count, sum(widths)), dtype=torch.float64)
    for f in range(count):
        if not columns.requires_grad:
            break
        gradients = torch.autograd.grad(
            columns[:, f].sum(), list(leaves.values()), retain_graph=True, allow_unused=True
        )
        for start, width, gradient in zip(starts, widths, gradients, strict=True):
            if gradient is not None:
                result[:, f, start : start + width] = gradient.reshape(n, width)
    return result


def solve(system: LinearSystem) -> Gaussian:
    """Return the Gaussian proportional to ``exp(-|a x + c|^2 / 2)``, where ``g x + h = 0``."""
    a, c = system.a, system.c
    base, null = _constrained(system)
    shifted = c if base is None else c + torch.einsum("nfm,nm->nf", a.expand(len(c), -1, -1), base)
    reduced = a if null is None else a @ null
    q, r = torch.linalg.qr(reduced)
    right = torch.einsum("nfm,nf->nm", q.expand(len(c), -1, -1), -shifted)
    w = torch.linalg.solve_triangular(r, right.unsqueeze(-1), upper=True).squeeze(-1)
    eye = torch.eye(r.shape[-1], dtype=torch.float64).expand(r.shape)
    spread = torch.linalg.solve_triangular(r, eye, upper=True)
    log_det = -torch.diagonal(r, dim1=-2, dim2=-1).abs().log().sum(-1)
    left = shifted + torch.einsum("nfm,nm->nf", reduced.expand(len(c), -1, -1), w)
    free = reduced.shape[-2] - reduced.shape[-1]
    evidence = -0.5 * (left.square().sum(-1) + free * log(2 * pi)) - system.log_scale + log_det
    if base is None or null is None:
        return Gaussian(mean=w, spread=spread, log_det=log_det, log_evidence=evidence)
    null = null.expand(len(c), -1, -1)
    mean = base + torch.einsum("nmr,nr->nm", null, w)
    return Gaussian(mean=mean, spread=null @ spread, log_det=log_det, log_evidence=evidence)


def _constrained(system: LinearSystem) -> tuple[Tensor | None, Tensor | None]:
    """Return a point ``(N, m)`` and directions ``(N or 1, m, r)`` that keep ``g x + h = 0``."""
    if system.g.shape[-2] == 0:
        return None, None
    u, size, v = torch.linalg.svd(system.g, full_matrices=True)
    rank = int((size > 1e-12 * size.amax(-1, keepdim=True)).sum(-1).max())
    inside = torch.einsum("nkj,nk->nj", u.expand(len(system.h), -1, -1), -system.h)[..., :rank]
    inside = inside / size[..., :rank]
    base = torch.einsum("njm,nj->nm", v[..., :rank, :].expand(len(system.h), -1, -1), inside)
    return base, v[..., rank:, :].mT


def _with_levels_weighed(
    problem: Problem,
    block: Block,
    part: Gaussian,
    choice: Mapping[str, Tensor],
    reals: tuple[str, ...],
) -> Gaussian:
    """Return the component with the probability of its levels in its evidence."""
    if not choice:
        return part
    point = _at_zero(problem, reals)
    values = complete(problem, block, {**choice, **point})
    extra = torch.zeros(problem.n_rows, dtype=torch.float64)
    for name in block.factors:
        if name in choice or not _is_gaussian(problem, name, reals):
            output, _ = mechanism_output(problem.compiled, problem.params, name, values)
            extra = extra + log_density(output, values[name])
        if name in problem.inverted:
            extra = extra + values[f"{problem.inverted[name]}__slope"]
    return Gaussian(
        mean=part.mean,
        spread=part.spread,
        log_det=part.log_det,
        log_evidence=part.log_evidence + extra,
    )


def _is_gaussian(problem: Problem, name: str, reals: tuple[str, ...]) -> bool:
    """Whether a factor belongs to the linear system: it is about, or reads, something real."""
    if name in reals:
        return True
    mechanism = problem.compiled.scm.variables[name].mechanism
    return isinstance(mechanism, Stochastic) and mechanism.family in ("Normal", "LogNormal")


def _not_linear(
    problem: Problem, block: Block, moving: tuple[str, ...], levels: set[str]
) -> str | None:
    """Return the first reason why the block is not linear-Gaussian in `moving`."""
    for name in block.derived:
        # what evidence gives back is affine where the evidence is affine in it and in the rest
        made = problem.inverted.get(name, name)
        if _degree_of(problem, made, moving) > Degree.AFFINE:
            return f"`{name}` is not affine in {block.label}"
    for name in block.factors:
        mechanism = problem.compiled.scm.variables[name].mechanism
        parents = problem.compiled.parents[name]
        reads = any(p in moving for p in parents)
        family = mechanism.family if isinstance(mechanism, Stochastic) else None
        gaussian = family == "Normal" or (family == "LogNormal" and name not in moving)
        if (reads or name in moving) and not gaussian:
            return f"`{name}` is not Normal"
        if reads and _degree_of(problem, name, moving) > Degree.AFFINE:
            return f"the mean of `{name}` is not affine in {block.label}, or its scale not constant"
    for name in block.constraints:
        if _degree_of(problem, name, moving) > Degree.AFFINE:
            return f"`{name}` is not affine in {block.label}"
    return None if _is_affine_by_value(problem, block, levels) else "evaluation disagrees"


def _degree_of(problem: Problem, name: str, moving: tuple[str, ...]) -> Degree:
    mechanism = problem.compiled.scm.variables[name].mechanism
    if isinstance(mechanism, Structural):
        return degree(mechanism.expression, moving)
    mean, others = Degree.CONSTANT, set[str]()
    for argument, expression in mechanism.arguments.items():
        if argument == "mean":
            mean = degree(expression, moving)
        else:
            others |= names_in(expression)
    return Degree.OTHER if others & set(moving) else mean


def _is_affine_by_value(problem: Problem, block: Block, levels: set[str]) -> bool:
    """Check the coefficients at one more point: the emitted mechanisms have the last word."""
    reals = tuple(n for n in block.unknown if n not in levels)
    choice = configurations(problem, block)[0]
    system = linear_system(problem, block, reals, choice)
    generator = torch.Generator().manual_seed(0)
    n = problem.n_rows
    x = torch.randn((n, problem.size(reals)), generator=generator, dtype=torch.float64)
    point = problem.split(reals, x)
    residual, _, miss = _residuals(problem, block, reals, {**choice, **point})
    said = system.c + torch.einsum("nfm,nm->nf", system.a.expand(n, -1, -1), x)
    missed = system.h + torch.einsum("nkm,nm->nk", system.g.expand(n, -1, -1), x)
    return _agree(residual, said) and _agree(miss, missed)


def _agree(one: Tensor, other: Tensor) -> bool:
    return bool(torch.allclose(one, other, rtol=_ROUNDING, atol=_ROUNDING))


def _columns(columns: list[Tensor], n_rows: int) -> Tensor:
    if not columns:
        return torch.zeros((n_rows, 0), dtype=torch.float64)
    return torch.cat([c.reshape(n_rows, -1) for c in columns], -1)


def _once(coefficients: Tensor) -> Tensor:
    """Return coefficients that are the same in every row once, ``(1, F, m)``."""
    first = coefficients[:1]
    return first if bool((coefficients == first).all()) else coefficients
