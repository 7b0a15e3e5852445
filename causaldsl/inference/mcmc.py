"""Samples small models by NUTS, through Pyro: latents and `prior` parameters.

What is learned as a point has no prior to sample from; it is refused, or held at the values of
a fit that the caller hands over. Chains run one after the other, each with a stream of its own.
Afterwards the guides are trained at the sampled model, so that what follows a fit can follow here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import networkx as nx
import pyro
import torch
from pyro.infer import MCMC, NUTS
from pyro.ops.stats import effective_sample_size, split_gelman_rubin
from torch import Tensor

from causaldsl.data.batches import derive_seed
from causaldsl.data.digest import digest
from causaldsl.data.encoded import EncodedData
from causaldsl.diagnostics.model import Diagnostic, InferenceError
from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent
from causaldsl.inference import findings
from causaldsl.inference.config import FitConfig
from causaldsl.inference.fitted import FitResult, FittedScm, GuideFit, Sampling
from causaldsl.inference.states import cloned
from causaldsl.inference.svi import fit_guide, fitted_scm, verify_fittable
from causaldsl.runtime.load import CompiledScm
from causaldsl.runtime.scope import ParamState, isolated
from causaldsl.vocabulary.domains import is_discrete

MOST_NUMBERS = 2_000  # coordinates above which a leapfrog step no longer pays
WORST_R_HAT = 1.01  # Vehtari et al. 2021
LEAST_ESS = 50  # for each chain, below which R-hat itself is noise; the same, section 4.3
_EMPTY: ParamState = {"params": {}, "constraints": {}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chains:
    """How many chains, draws of each after its warm-up, and the acceptance aimed at."""

    chains: int = 2
    samples: int = 500
    warmup: int = 300
    target_accept: float = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """Draws by site, ``(chains, samples, *shape)``, and the transitions that diverged."""

    sites: Mapping[str, Tensor]
    divergences: int


def sample(
    compiled: CompiledScm,
    data: EncodedData,
    *,
    config: FitConfig | None = None,
    chains: Chains | None = None,
    held: FittedScm | None = None,
    progress: ProgressCallback = silent,
) -> FittedScm:
    """Return the model with posterior draws of its Bayesian parameters.

    `held` is a fit of the same model whose learned point values stay fixed. The result's
    `params` are posterior means, its `draws` every draw; it has converged when the split R-hat of
    every site is at most 1.01 at 50 effective draws a chain or more. Its `elbo` is the bound of
    the guides trained after.

    Raises
    ------
    InferenceError
        CD650, CD651, CD654 if the model is none for NUTS.
    """
    config, plan = config or FitConfig(), chains or Chains()
    began = time.monotonic()
    verify_fittable(compiled, data, config)
    compiled.set_scales({n: (c, s) for n, (c, s) in data.encoding.scales().items()})
    compiled.set_whole(data.whole)
    state = _EMPTY if held is None else cloned(held.state)
    latents = _needed(compiled)
    points = _verify_small(compiled, data, latents, held)
    drawn = _run_chains(compiled, data, state, latents, plan, config.seed, progress)
    bayesian = tuple(getattr(compiled.module, "GLOBAL", ()))
    draws = {n: drawn.sites[n].flatten(0, 1) for n in bayesian}
    state, guides = _train_guides(compiled, data, state, config, progress)
    sampling = _sampling(drawn, plan, points)
    remarks = _remarks(sampling, plan)
    result = FitResult(
        status="converged" if _has_mixed(sampling) else "not_converged",
        method="nuts",
        config=config,
        seed=config.seed,
        n_rows=data.n_rows,
        dropped=dict(data.dropped),
        whole=data.whole,
        data_digest=digest(data),
        elbo=guides["all"].elbo,
        elbo_se=guides["all"].elbo_se,
        passes=config.passes,
        kl=guides["all"].kl,
        guides=guides,
        sampling=sampling,
        seconds=time.monotonic() - began,
        diagnostics=(*data.warnings, *remarks),
    )
    fitted = fitted_scm(compiled, state, data, result)
    means = {name: values.mean(0) for name, values in draws.items()}
    return replace(fitted, params={**fitted.params, **means}, draws=draws)


# --- what is sampled ------------------------------------------------------------------------


def _needed(compiled: CompiledScm) -> tuple[str, ...]:
    """Return the unobserved variables with an observed descendant; the others are generated."""
    graph, observed = compiled.scm.graph, set(compiled.scm.observed)
    determined = set(compiled.module.INVERSE_OF.values())
    return tuple(
        v
        for v in compiled.scm.unobserved
        if nx.descendants(graph, v) & observed and v not in determined
    )


def _verify_small(
    compiled: CompiledScm, data: EncodedData, latents: tuple[str, ...], held: FittedScm | None
) -> tuple[str, ...]:
    """Refuse what NUTS is not for; return the names of the point values that are held."""
    variables = compiled.scm.variables
    discrete = [v for v in latents if is_discrete(variables[v].domain)]
    if discrete:
        reason = f"`{discrete[0]}` is discrete and unobserved"
        raise InferenceError([findings.no_guide(reason)])
    unseen = [n for n, mask in data.observed.items() if not bool(mask.all())]
    if unseen:
        message = f"`{unseen[0]}` has missing values, and NUTS samples latents and parameters only"
        raise InferenceError([findings.contradiction(message, "fit with `svi`")])
    if held is None and not compiled.module.IS_PURE_ELBO:
        message = "NUTS samples the posterior of the model, and the file minimises other losses too"
        raise InferenceError([findings.contradiction(message, "fit with `svi`")])
    with isolated(0), torch.no_grad():
        compiled.module.parameters()
        points = tuple(pyro.get_param_store())
    if points and held is None:
        raise InferenceError([findings.learned_under_sampling(points)])
    size = data.n_rows * sum(variables[v].size or 1 for v in latents)
    if size > MOST_NUMBERS:
        found = findings.too_much_to_sample(data.n_rows, latents, size, MOST_NUMBERS)
        raise InferenceError([found])
    if not latents and not getattr(compiled.module, "GLOBAL", ()):
        raise InferenceError([findings.nothing_to_sample()])
    return points


# --- chains ---------------------------------------------------------------------------------


def _run_chains(
    compiled: CompiledScm,
    data: EncodedData,
    state: ParamState,
    latents: tuple[str, ...],
    plan: Chains,
    seed: int,
    progress: ProgressCallback,
) -> _Drawn:
    model = _conditioned(compiled, data, latents)
    runs: list[dict[str, Tensor]] = []
    divergences = 0
    for chain in range(plan.chains):
        with isolated(derive_seed(seed, "chain", chain), cloned(state)):
            for value in dict(pyro.get_param_store().named_parameters()).values():
                value.requires_grad_(False)
            kernel = NUTS(model, target_accept_prob=plan.target_accept)
            run = MCMC(
                kernel,
                num_samples=plan.samples,
                warmup_steps=plan.warmup,
                disable_progbar=True,
                hook_fn=_hook(chain, plan, progress),
            )
            run.run()
            runs.append({n: v.detach() for n, v in run.get_samples().items()})
            found = run.diagnostics().get("divergences", {})
            divergences += sum(len(many) for many in found.values())
    sites = {name: torch.stack([r[name] for r in runs]) for name in runs[0]}
    return _Drawn(sites=sites, divergences=divergences)


def _conditioned(
    compiled: CompiledScm, data: EncodedData, latents: tuple[str, ...]
) -> Callable[[], object]:
    """Return the emitted model on the rows, showing NUTS only what it is to sample."""
    module: Any = compiled.module
    batch, wanted = data.batch(), {*latents, *getattr(module, "GLOBAL", ())}

    def hidden(site: Mapping[str, Any]) -> bool:
        is_free = site["type"] == "sample" and not site["is_observed"]
        return is_free and site["name"] not in wanted and not site["name"].endswith("__")

    return pyro.poutine.block(lambda: module.model(batch, data.n_rows), hide_fn=hidden)


def _hook(chain: int, plan: Chains, progress: ProgressCallback) -> Callable[..., None]:
    each = plan.warmup + plan.samples
    steps = 0

    def report(kernel: object, params: object, stage: str, i: int) -> None:
        nonlocal steps
        del kernel, params, stage, i
        steps += 1
        done, total = chain * each + steps, plan.chains * each
        progress(Progress(stage="nuts", done=done, total=total, figures={"chain": chain + 1}))

    return report


# --- afterwards -----------------------------------------------------------------------------


def _train_guides(
    compiled: CompiledScm,
    data: EncodedData,
    state: ParamState,
    config: FitConfig,
    progress: ProgressCallback,
) -> tuple[ParamState, dict[str, GuideFit]]:
    guides: dict[str, GuideFit] = {}
    for name in compiled.module.GUIDES:
        state, guides[name] = fit_guide(
            compiled, state, data, name, config=config, progress=progress
        )
    return state, guides


def _sampling(drawn: _Drawn, plan: Chains, held: tuple[str, ...]) -> Sampling:
    r_hat, ess = {}, {}
    for name, values in drawn.sites.items():
        r_hat[name] = float(split_gelman_rubin(values).max())
        ess[name] = float(effective_sample_size(values).min())
    return Sampling(
        chains=plan.chains,
        samples=plan.samples,
        warmup=plan.warmup,
        r_hat=r_hat,
        ess=ess,
        divergences=drawn.divergences,
        held=held,
    )


def _worst(sampling: Sampling) -> tuple[str, float]:
    """Return the site with the largest R-hat; one that is no number is the worst there is."""
    found = {n: math.inf if math.isnan(r) else r for n, r in sampling.r_hat.items()}
    return max(found.items(), key=lambda item: item[1])


def _has_mixed(sampling: Sampling) -> bool:
    enough = all(ess >= LEAST_ESS * sampling.chains for ess in sampling.ess.values())
    return enough and _worst(sampling)[1] <= WORST_R_HAT


def _remarks(sampling: Sampling, plan: Chains) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    if not _has_mixed(sampling):
        name, worst = _worst(sampling)
        least = min(sampling.ess.values())
        needed = LEAST_ESS * sampling.chains
        found.append(findings.not_mixed(name, worst, least, needed))
    if sampling.divergences:
        count = plan.chains * plan.samples
        found.append(findings.divergent(sampling.divergences, count))
    return found
