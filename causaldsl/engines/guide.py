"""Draws from the amortised guide that was trained for exactly this evidence.

Under the posterior they carry importance weights; as an `encoder` they are taken as trained.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pyro import poutine
from torch import Tensor

from causaldsl.engines.importance import finite_weights
from causaldsl.engines.problem import Block, Problem, log_joint
from causaldsl.engines.protocol import BlockPosterior
from causaldsl.runtime.forward import encoded
from causaldsl.runtime.load import CompiledScm
from causaldsl.runtime.noise_maps import Law
from causaldsl.runtime.scope import isolated
from causaldsl.semantics.model import Scm

_MEAN_DRAWS = 256  # for the mean of a factor that has none in closed form


class TrainedGuide:
    """The module's guide whose evidence is the one given."""

    name = "guide"
    is_exact = False

    def refusal(self, problem: Problem, block: Block) -> str | None:
        """Refuse where no fit is given, or where no guide reads exactly this evidence."""
        why = guide_refusal(problem)
        if why is not None:
            return why
        if block.constraints:
            return f"`{block.constraints[0]}` is given by `:=` and has no density"
        trace = guide_sites(problem.rows(torch.arange(min(1, problem.n_rows))), 1, 0)
        absent = [n for n in block.unknown if n not in trace]
        return f"the guide does not draw `{absent[0]}`" if absent else None

    def posterior(
        self, problem: Problem, block: Block, draws: int, generator: torch.Generator
    ) -> BlockPosterior:
        """Return the guide's draws with log p(unseen, evidence) - log q(unseen) as weights."""
        seed = int(torch.randint(2**31, (1,), generator=generator))
        sites = guide_sites(problem, draws, seed)
        samples = {n: sites[n][0] for n in block.unknown}
        log_q = torch.stack([sites[n][1] for n in block.unknown]).sum(0)
        weights = log_joint(problem, block, samples) - log_q
        return BlockPosterior(samples=samples, log_weights=finite_weights(weights))


def guide_refusal(problem: Problem) -> str | None:
    """Return why no guide reads this evidence of these rows, `None` where one does."""
    if problem.state is None:
        return "no fitted guide is given"
    name = guide_for(problem)
    if name is None:
        return _why_no_guide(problem)
    if is_per_row(problem.compiled.scm) and "__row__" not in problem.extra:
        return "the guide has parameters for the rows of its training table only"
    if not is_trained(problem, name):
        return "the guide for this evidence was not trained"
    return None


def is_trained(problem: Problem, name: str) -> bool:
    """Whether the state holds every parameter that a guide asks for; one may be another's too."""
    state = {k: dict(v) for k, v in _parts(problem.state)}
    known = set(state.get("params", {}))
    data = _guide_data(problem.rows(torch.arange(min(1, problem.n_rows))), name)
    with isolated(0, state), torch.no_grad():
        trace = poutine.trace(problem.compiled.module.GUIDES[name], param_only=True)
        asked = [n for n, s in trace.get_trace(data).nodes.items() if s["type"] == "param"]
    return known.issuperset(asked)


def guide_for(problem: Problem) -> str | None:
    """Return the name of the guide that reads exactly the evidence given, if there is one.

    A variable declared `missing latent` may be absent: such a guide knows what was not seen, where
    its training rows lacked that variable now and then.
    """
    absent = _absent_by_guide(problem)
    return next((n for n, lacked in absent.items() if not lacked & problem.compiled.whole), None)


def _absent_by_guide(problem: Problem) -> dict[str, set[str]]:
    """Return, for each guide that may read this evidence, the `missing latent` it does without."""
    given = set(problem.evidence)
    variables = problem.compiled.scm.variables
    found = {
        str(name): set(evidence) - given
        for name, evidence in problem.compiled.module.GUIDE_EVIDENCE.items()
        if given <= set(evidence)
    }
    return {n: a for n, a in found.items() if all(variables[v].missing == "latent" for v in a)}


def _why_no_guide(problem: Problem) -> str:
    for absent in _absent_by_guide(problem).values():
        never = [n for n in problem.order if n in absent & problem.compiled.whole]
        names = ", ".join(f"`{n}`" for n in never)
        return f"its training rows never lacked {names}, and these rows do"
    return "no guide was fitted for this evidence"


def guide_sites(problem: Problem, draws: int, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
    """Return each site's draws ``(S, N, *event)`` and log q ``(S, N)``, by the variable's name.

    The rows are repeated for every draw, so that the guide runs as it was written: on rows.

    A guide may draw, inside, what its evidence lacks: an auxiliary predictor's y~ ~ q(y | x), which
    the factor q(u | x, y~) reads. Such a draw is no site, and weights p(x, u) / q(u | x, y~) need
    none: for every function f, the mean of f(u) p(x, u) / q(u | x, y~) over y~ and u is the
    integral of f(u) p(x, u), whatever y~ came from (y~ is an auxiliary variable of the proposal).
    """
    name = guide_for(problem) or ""
    module = problem.compiled.module
    data = {
        k: v.repeat(draws, *(1,) * (v.dim() - 1)) for k, v in _guide_data(problem, name).items()
    }
    state = {k: dict(v) for k, v in _parts(problem.state)}
    with isolated(seed, state), torch.no_grad():
        fixed = poutine.condition(module.GUIDES[name], data=dict(problem.params))
        trace = poutine.trace(fixed).get_trace(data)
    result = {}
    for site, node in trace.nodes.items():
        if node["type"] != "sample" or node["is_observed"] or site == "rows__":
            continue
        value = torch.as_tensor(node["value"])
        law: Law = node["fn"]
        event, rows = tuple(law.event_shape), (draws, problem.n_rows)
        log_q = law.log_prob(value).expand(draws * problem.n_rows).reshape(rows)
        variable = site.removesuffix("__missing")
        full = value.expand(draws * problem.n_rows, *event)
        result[variable] = (full.reshape(*rows, *event), log_q)
    return result


def _parts(state: Mapping[str, object] | None) -> list[tuple[str, Mapping[str, object]]]:
    """Return the parameter store's two tables, whose copies the guide may not change."""
    return [(k, v) for k, v in (state or {}).items() if isinstance(v, Mapping)]


def _guide_data(problem: Problem, name: str) -> dict[str, Tensor]:
    """Return what a guide reads: the evidence, and for `missing latent` what was seen."""
    data = {**problem.evidence, **problem.extra}
    for variable in problem.compiled.module.GUIDE_EVIDENCE[name]:
        if problem.compiled.scm.variables[variable].missing == "latent":
            seen = variable in problem.evidence
            data[f"{variable}__seen"] = torch.full((problem.n_rows,), seen)
            if not seen:
                full = (problem.n_rows, *problem.event(variable))
                nothing = torch.zeros(full, dtype=torch.float64)
                data[variable] = encoded(problem.compiled, variable, nothing)
    return data


def is_per_row(scm: Scm) -> bool:
    """Whether a guide has parameters for the rows of its training table alone."""
    return scm.default_guide == "per_row" or any(g.per_row for g in scm.guides.values())


def guide_factors(
    compiled: CompiledScm,
    state: Mapping[str, object],
    data: Mapping[str, Tensor],
    guide: str,
    seed: int,
) -> dict[str, tuple[Tensor, Tensor]]:
    """Return mean and one draw ``(N, *event)`` of each factor of a guide, run once over some rows.

    A factor that reads what the guide itself draws has the mean of that draw's.
    """
    copied = {k: dict(v) for k, v in _parts(state)}
    found: dict[str, tuple[Tensor, Tensor]] = {}
    whole = dict(data)
    for name in compiled.module.GUIDE_EVIDENCE[guide]:
        if compiled.scm.variables[name].missing == "latent":
            whole.setdefault(f"{name}__seen", torch.ones(len(data[name]), dtype=torch.bool))
    with isolated(seed, copied), torch.no_grad():
        trace = poutine.trace(compiled.module.GUIDES[guide]).get_trace(whole)
        for name, site in trace.nodes.items():
            if site["type"] != "sample" or site["is_observed"] or name == "rows__":
                continue
            try:
                mean = site["fn"].mean
            except NotImplementedError:  # a transformed law has no mean in closed form
                mean = site["fn"].sample((_MEAN_DRAWS,)).mean(0)
            found[name] = (mean, site["value"])
    return found
