"""Abduction: from a row to what lies behind it.

First the unseen variables by an engine, then every mechanism's own noise, which is local once
they are known: p(u | row) = p(latents | row) times the product of p(noise of V | V, its parents).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import torch
from torch import Tensor

from causaldsl.counterfactual import findings
from causaldsl.diagnostics.model import CounterfactualError, Diagnostic
from causaldsl.engines.choose import Objective, latent_posterior
from causaldsl.engines.findings import contradiction, impossible_value
from causaldsl.engines.problem import Problem
from causaldsl.engines.protocol import LatentPosterior
from causaldsl.ir.networks import event_of
from causaldsl.runtime.distributions import abduct_noise, apply_noise, draw_noise, is_possible
from causaldsl.runtime.forward import any_cell, encoded, for_cells, mechanism_output
from causaldsl.runtime.load import Heads, Values
from causaldsl.runtime.noise_maps import joint_shape
from causaldsl.semantics.model import Scm

_AGREE = 1e-6  # how closely a `:=` value of the evidence must follow from its parents, relatively


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of some rows: encoded values, which of them were seen, row numbers.

    Parameters
    ----------
    values
        ``(N, *event)`` for each observed variable that is given; float64, int64 positions for
        levels.
    seen
        Masks ``(N,)`` of the variables that some rows lack.
    row_numbers
        The rows' numbers in the table, counted from 1.
    extra
        What guides read beside the evidence, such as ``__row__``.
    """

    values: Mapping[str, Tensor] = field(repr=False)
    seen: Mapping[str, Tensor] = field(default_factory=dict, repr=False)
    n_rows: int
    row_numbers: Tensor = field(repr=False)
    extra: Mapping[str, Tensor] = field(default_factory=dict, repr=False)

    def patterns(self) -> tuple[tuple[tuple[str, ...], Tensor], ...]:
        """Return groups of rows that lack the same variables: names given, and row positions."""
        masks = {n: m for n, m in self.seen.items() if n in self.values and not bool(m.all())}
        if not masks:
            return ((tuple(self.values), torch.arange(self.n_rows)),)
        whole = torch.stack(list(masks.values()), -1)
        kinds, which = torch.unique(whole, dim=0, return_inverse=True)
        return tuple(
            (
                tuple(n for n in self.values if n not in masks or bool(kind[list(masks).index(n)])),
                (which == k).nonzero().squeeze(-1),
            )
            for k, kind in enumerate(kinds)
        )


def read_evidence(
    scm: Scm,
    values: Mapping[str, Tensor],
    *,
    names: Sequence[str] | None = None,
    seen: Mapping[str, Tensor] | None = None,
    row_numbers: Tensor | None = None,
) -> Evidence:
    """Return checked evidence; `names` keeps some variables only, all observed ones by default.

    Entries whose name has a double underscore (``__row__``, ``G__seen``) are what an encoded
    table carries beside its columns.

    Raises
    ------
    CounterfactualError
        With a diagnostic for every name and column that is wrong.
    """
    columns = {n: v for n, v in values.items() if "__" not in n}
    masks = {n.removesuffix("__seen"): m for n, m in values.items() if n.endswith("__seen")}
    wanted = tuple(columns) if names is None else tuple(names)
    found = _name_findings(scm, wanted, columns)
    if found:
        raise CounterfactualError(found)
    chosen = {n: columns[n] for n in wanted}
    n_rows = len(next(iter(columns.values()))) if columns else 0
    if row_numbers is not None:
        n_rows = len(row_numbers)
    masks |= dict(seen or {})
    numbers = torch.arange(1, n_rows + 1) if row_numbers is None else row_numbers
    events = {n: event_of(scm, n) for n in chosen}
    masks, torn = _whole_rows(masks, events, numbers)
    found = [
        d
        for n, v in chosen.items()
        if (d := _value_finding(n, v, (n_rows, *events[n]), masks, numbers))
    ]
    if found or torn:
        raise CounterfactualError([*found, *torn])
    return Evidence(
        values=chosen,
        seen={n: m for n, m in masks.items() if n in chosen},
        n_rows=n_rows,
        row_numbers=numbers,
        extra={n: v for n, v in values.items() if n == "__row__"},
    )


def _name_findings(
    scm: Scm, wanted: tuple[str, ...], columns: Mapping[str, Tensor]
) -> list[Diagnostic]:
    found = []
    for name in wanted:
        if name not in scm.variables:
            found.append(findings.unknown_variable(name, scm.variables, "evidence"))
        elif not scm.variables[name].is_observed:
            found.append(findings.unobserved_evidence(name))
        elif name not in columns:
            found.append(findings.unreadable_evidence(name, "is asked for and the table lacks it"))
    return found


def _whole_rows(
    masks: Mapping[str, Tensor], events: Mapping[str, tuple[int, ...]], numbers: Tensor
) -> tuple[dict[str, Tensor], list[Diagnostic]]:
    """Return masks by row; an array of which a row has some cells only is no evidence."""
    whole: dict[str, Tensor] = {}
    found: list[Diagnostic] = []
    for name, event in events.items():
        if name not in masks:
            continue
        mask = masks[name]
        if mask.dim() > 1:
            mask = mask.reshape(len(mask), -1)
            torn = mask.any(-1) & ~mask.all(-1)
            if torn.any():
                rows = [int(r) for r in numbers[torn]]
                reason = f"lacks some of its {prod(event)} cells, expected all of them or none"
                found.append(findings.unreadable_evidence(name, reason, rows))
            mask = mask.all(-1)
        whole[name] = mask
    return whole, found


def _value_finding(
    name: str,
    value: Tensor,
    shape: tuple[int, ...],
    masks: Mapping[str, Tensor],
    numbers: Tensor,
) -> Diagnostic | None:
    if value.shape != shape:
        return findings.unreadable_evidence(name, f"has shape {tuple(value.shape)}, not {shape}")
    bad = any_cell(~torch.isfinite(value.double()), len(shape) - 1)
    if name in masks:
        bad &= masks[name]
    if not bad.any():
        return None
    rows = [int(r) for r in numbers[bad]]
    return findings.unreadable_evidence(name, "holds values that are not finite", rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abduction:
    """The factual world of some rows: every variable's value, and the noise that may be needed.

    Values are ``(1, N, *event)`` where the evidence settles them, else ``(S, N, *event)``; noise
    likewise.
    """

    values: Values = field(repr=False)
    noise: Values = field(repr=False)
    posterior: LatentPosterior
    draws: int

    def rows(self, index: Tensor) -> Abduction:
        """Return the factual world of some of the rows; the posterior's record stays whole."""
        return Abduction(
            values={n: v[:, index] for n, v in self.values.items()},
            noise={n: v[:, index] for n, v in self.noise.items()},
            posterior=self.posterior,
            draws=self.draws,
        )


def abduct(
    problem: Problem,
    draws: int,
    generator: torch.Generator,
    *,
    reached: frozenset[str] | None = None,
    engine: str | None = None,
    objective: Objective = "posterior",
) -> Abduction:
    """Return the factual world behind the evidence, in draws.

    Parameters
    ----------
    reached
        The variables whose noise is wanted: those that an intervention may move. All of them when
        not given.
    engine, objective
        As in `engines.choose.latent_posterior`.

    Raises
    ------
    CounterfactualError
        CD701 where the evidence lies outside a mechanism's support, CD702 where it contradicts
        itself, CD703 to CD706 where no engine answers.
    """
    posterior = latent_posterior(problem, draws, generator, engine=engine, objective=objective)
    values: dict[str, Tensor] = {}
    noise: dict[str, Tensor] = {}
    heads: Heads = {}
    for name in problem.order:
        known = problem.evidence[name].unsqueeze(0) if name in problem.evidence else None
        known = posterior.samples.get(name) if known is None else known
        wanted = reached is None or name in reached
        if known is None:
            values[name], fresh = _generated(problem, name, values, draws, generator, heads)
            if fresh is not None:
                noise[name] = fresh
            continue
        values[name] = known
        if wanted or _is_settled(problem, name, values):
            own = _own_noise(problem, name, values, draws, generator, heads, wanted=wanted)
            if own is not None:
                noise[name] = own
    return Abduction(values=values, noise=noise, posterior=posterior, draws=draws)


def _is_settled(problem: Problem, name: str, values: Values) -> bool:
    """Whether a variable and its parents have one value in each row, so that a check is cheap."""
    return all(values[n].shape[0] == 1 for n in (name, *problem.compiled.parents[name]))


def _generated(
    problem: Problem,
    name: str,
    values: Values,
    draws: int,
    generator: torch.Generator,
    heads: Heads,
) -> tuple[Tensor, Tensor | None]:
    """Return a variable that no evidence speaks of: by its mechanism, with the noise drawn."""
    output, is_value = mechanism_output(problem.compiled, problem.params, name, values, heads)
    if is_value:
        shape = joint_shape(output.shape, (1, problem.n_rows, *problem.event(name)))
        return encoded(problem.compiled, name, output).expand(shape), None
    noise = draw_noise(output, (draws, problem.n_rows), generator)
    return encoded(problem.compiled, name, apply_noise(output, noise)), noise


def _own_noise(
    problem: Problem,
    name: str,
    values: Values,
    draws: int,
    generator: torch.Generator,
    heads: Heads,
    *,
    wanted: bool,
) -> Tensor | None:
    """Return the noise behind a known value, having checked that the mechanism can give it."""
    output, is_value = mechanism_output(problem.compiled, problem.params, name, values, heads)
    value = values[name]
    if is_value:
        _check_equation(problem, name, output, value)
        return None
    axes = len(problem.event(name))
    rows = value.shape[: value.dim() - axes]
    possible = is_possible(output, value).expand(joint_shape(rows, output.batch_shape))
    never = ~possible.any(0)
    if never.any():
        raise CounterfactualError([impossible_value(name, problem.numbers(never))])
    if not wanted:
        return None
    coupling = problem.compiled.scm.variables[name].coupling
    shape = (draws, problem.n_rows)
    noise = abduct_noise(output, value, coupling, generator, shape)
    if bool(possible.all()):
        return noise
    # draws that cannot give the fact have weight zero; a number in their place keeps sums finite
    mask = for_cells(possible, noise.dim() - possible.dim())
    return torch.where(mask, noise, torch.zeros(()).double())


def _check_equation(problem: Problem, name: str, output: Tensor, value: Tensor) -> None:
    """Refuse evidence for a ``:=`` variable that does not follow from its parents."""
    scale = 1 + value.double().abs()
    strays = (output.double() - value.double()).abs() > _AGREE * scale
    wrong = any_cell(strays, len(problem.event(name))).all(0).expand(problem.n_rows)
    if name in problem.evidence and bool(wrong.any()):
        names = (name, *problem.compiled.parents[name])
        raise CounterfactualError([contradiction(names, problem.numbers(wrong))])
