"""Fits a compiled model to encoded rows by stochastic variational inference.

The order of a fit: a first full pass makes the parameters and fixes the R of every `balance`; the
emitted objective is minimised; marginals that it leaves out are fitted; the final ELBO is measured
over many passes; standard deviations without an interior optimum are looked for; the guide without
the outcome is trained at the fitted model. Each stage has random numbers of its own, so a run that
is resumed, or stopped in a later stage, gives the same numbers as the straight one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyro
import torch
from torch import Tensor

from causaldsl.data.batches import derive_seed, split_rows
from causaldsl.data.encoded import EncodedData
from causaldsl.diagnostics.model import Diagnostic, InferenceError
from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent
from causaldsl.inference import convergence, findings
from causaldsl.inference.branches import untrained_branches
from causaldsl.inference.checkpoint import Checkpoint, fingerprint_of, read_checkpoint
from causaldsl.inference.config import FitConfig
from causaldsl.inference.fitted import UNUSED_BELOW, FitResult, FittedScm, GuideFit, Status
from causaldsl.inference.loop import (
    Keeping,
    Run,
    minimise,
    restore_run,
    start_run,
    stoppable,
    went_astray,
)
from causaldsl.inference.marginals import fit_marginals
from causaldsl.inference.memory import rows_at_once, verify_memory
from causaldsl.inference.metrics import metric_of, verify_metric
from causaldsl.inference.states import cloned, state_from
from causaldsl.inference.targets import (
    Target,
    first_terms,
    fixed_balance,
    guide_parameters,
    guide_target,
    model_target,
    weights_of,
    without,
)
from causaldsl.inference.units import units_of
from causaldsl.runtime.load import CompiledScm
from causaldsl.runtime.scope import ParamState, isolated
from causaldsl.semantics.model import Structural
from causaldsl.vocabulary.domains import is_discrete

Stop = Callable[[], bool]
_GUIDE_RATE = 0.03
_GUIDE_BLOCK = 100
_GUIDE_PASSES = 25
_LAST_PASSES = 20  # of a run that was interrupted: somebody is waiting
_STOPPING = "stopping; a second Ctrl-C gives up what there is"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Caller:
    """What a caller hands through every stage: where to report, and when to stop."""

    progress: ProgressCallback = silent
    stop_requested: Stop | None = None

    def is_stopping(self) -> bool:
        """Whether the user, or whoever called, wants to see the end of it."""
        return self.stop_requested is not None and self.stop_requested()


def fit(
    compiled: CompiledScm,
    data: EncodedData,
    *,
    config: FitConfig | None = None,
    progress: ProgressCallback = silent,
    checkpoint: Path | str | None = None,
    resume: Path | str | None = None,
    stop_requested: Stop | None = None,
) -> FittedScm:
    """Return the model with the parameters that the rows teach it.

    Parameters
    ----------
    compiled
        The compiled model. The table's scales are written into its module.
    data
        Rows encoded for this model.
    config
        How to run; the defaults when not given.
    progress
        Called at most ten times a second.
    checkpoint
        Where to keep the state of the run, every `config.checkpoint_seconds` and at its end.
    resume
        A checkpoint to go on from; the result equals the straight run's bit for bit.
    stop_requested
        Asked between steps; when it says so (or at Ctrl-C) what there is is saved and returned.

    Raises
    ------
    InferenceError
        If the model cannot be fitted, a number is not finite, or the checkpoint is another run's.
    """
    config = config or FitConfig()
    verify_fittable(compiled, data, config)
    size = config.rows_per_batch(data.n_rows)
    verify_memory(compiled, data.n_rows if size == "all" else min(size, data.n_rows))
    compiled.set_scales({n: (c, s) for n, (c, s) in data.encoding.scales().items()})
    fingerprint = fingerprint_of(compiled, data, config)
    came = None if resume is None else read_checkpoint(Path(resume), fingerprint)
    keeping = _keeping(checkpoint, fingerprint, config)
    rows, apart = split_rows(data.n_rows, config.validation, config.seed)
    training, validation = (
        (data, None) if not len(apart) else (data.subset(rows), data.subset(apart))
    )
    compiled.set_whole(training.whole)
    start = None if came is None else state_from(came.under("param"), came.words["constraints"])
    with stoppable(stop_requested) as stopped:
        caller = _Caller(progress=progress, stop_requested=stopped)
        with isolated(derive_seed(config.seed, "fit"), start) as state:
            target, balance = _begin(compiled, training, config, came)
            run = start_run(target, config, training, validation, keeping)
            if came is not None:
                restore_run(run, came)
            minimise(run, progress, stopped)
        return _finish(compiled, training, run, state, balance, caller, fingerprint["table"])


# --- before ---------------------------------------------------------------------------------


def verify_fittable(compiled: CompiledScm, data: EncodedData, config: FitConfig) -> None:
    """Refuse what cannot be fitted.

    Raises
    ------
    InferenceError
        CD603, CD605 or CD606.
    """
    missing = [name for name in compiled.module.OBSERVED if name not in data.columns]
    if missing:
        raise InferenceError([findings.foreign_table(missing)])
    solved = compiled.module.INVERSE_OF
    without_density = [
        v
        for v in compiled.scm.variables.values()
        if v.is_observed and isinstance(v.mechanism, Structural) and v.name not in solved
    ]
    if without_density:
        names = [v.name for v in without_density]
        raise InferenceError([findings.no_likelihood(names, without_density[0].mechanism_span)])
    unseen = {n: int((~mask).sum()) for n, mask in data.observed.items()}
    for name in (n for n, count in unseen.items() if count):
        variable = compiled.scm.variables[name]
        if is_discrete(variable.domain) or isinstance(variable.mechanism, Structural):
            raise InferenceError([findings.unseen_cells(name, unseen[name], variable.span)])
    if "all" not in compiled.module.GUIDES:
        raise InferenceError([findings.no_guide(_refusal(compiled))])
    if (metric := metric_of(config.keep)) is not None:
        verify_metric(metric, compiled, compiled.scm.training.span)
    per_row = compiled.scm.default_guide == "per_row" or any(
        guide.per_row for guide in compiled.scm.guides.values()
    )
    if per_row and config.validation:
        message = "`validation` sets rows apart, and `guide per_row` learns nothing about them"
        raise InferenceError([findings.contradiction(message, "take out one of the two")])


def _refusal(compiled: CompiledScm) -> str:
    try:
        compiled.module.guide({})
    except NotImplementedError as error:
        return str(error)
    return "the model has no guide"


def _keeping(
    path: Path | str | None, fingerprint: Mapping[str, str], config: FitConfig
) -> Keeping | None:
    if path is None:
        return None
    return Keeping(path=Path(path), fingerprint=fingerprint, seconds=config.checkpoint_seconds)


def _begin(
    compiled: CompiledScm, data: EncodedData, config: FitConfig, came: Checkpoint | None
) -> tuple[Target, dict[str, float]]:
    """Make the parameters by a first full pass, fix every R there, and return what to minimise."""
    with isolated(derive_seed(config.seed, "first pass")), torch.no_grad():
        first = first_terms(compiled, data)
        state = pyro.get_param_store().get_state()
    balance = fixed_balance(compiled, first)
    if came is None:
        pyro.get_param_store().set_state(state)
    metric = metric_of(config.keep)
    target = model_target(compiled, data.n_rows, balance, first, config.particles, metric)
    target.take_remarks()
    return target, balance


# --- after ----------------------------------------------------------------------------------


def _finish(
    compiled: CompiledScm,
    data: EncodedData,
    run: Run,
    state: ParamState,
    balance: Mapping[str, float],
    caller: _Caller,
    table: str,
) -> FittedScm:
    config, began = run.config, time.monotonic()
    if run.interrupted:
        caller.progress(Progress(stage=_STOPPING, done=0, total=0))
    passes = min(config.passes, _LAST_PASSES) if run.interrupted else config.passes
    with isolated(derive_seed(config.seed, "evaluation"), state):
        fit_marginals(compiled, data)
        settled, reason = convergence.settles(run, caller.is_stopping)
        astray = went_astray(run)
        if astray is not None:
            settled, reason = False, astray
        measured = convergence.evaluate(run.target, data, passes, math.inf)
        found = (
            ()
            if run.interrupted or caller.is_stopping()
            else convergence.find_boundaries(
                compiled, run.target, config, data, caller.is_stopping, settled=settled
            )
        )
        units = units_of(compiled, data)
    guides: dict[str, GuideFit] = {}
    stopped = run.interrupted or caller.is_stopping()
    for name in () if stopped else _other_guides(compiled):
        state, guide, stopped = _train_guide(compiled, state, data, name, config, caller)
        guides[name] = guide
    status = _status(stopped, settled, bool(found))
    result = FitResult(
        status=status,
        config=config,
        seed=config.seed,
        n_rows=data.n_rows,
        n_validation=0 if run.validation is None else run.validation.n_rows,
        dropped=dict(data.dropped),
        whole=data.whole,
        data_digest=table,
        epochs=run.epoch,
        steps=run.steps_done,
        seconds=run.seconds + time.monotonic() - began,
        curves={name: tuple(curve) for name, curve in run.curves.items()},
        elbo=measured.elbo,
        elbo_se=measured.elbo_se,
        passes=measured.passes,
        parts=measured.parts,
        terms=measured.terms,
        weights=weights_of(compiled, measured.terms, balance),
        kl=convergence.divergences(compiled, measured.parts),
        units=units,
        kept=None if run.interrupted else run.best_epoch,
        boundary=found,
        balance=balance,
        guides=guides,
    )
    kept = None if run.keeping is None else str(run.keeping.path)
    hint = _more(result) if astray is None else "lower `learning_rate`, or set `clip`"
    remarks = [*untrained_branches(compiled, data), *_remarks(result, reason, hint, kept)]
    remarks += [
        findings.not_computed(term, why, count, run.steps_done)
        for (term, why), count in run.remarks.items()
    ]
    result = replace(result, diagnostics=(*data.warnings, *remarks))
    return fitted_scm(compiled, state, data, result)


def fitted_scm(
    compiled: CompiledScm, state: ParamState, data: EncodedData, result: FitResult
) -> FittedScm:
    """Return a state and its record as a fitted model that owns its tensors."""
    return FittedScm(
        compiled=compiled,
        state=cloned(state),
        params=params_of(compiled, state),
        encoding=data.encoding,
        schema=data.encoding.schema,
        result=result,
    )


def params_of(compiled: CompiledScm, state: ParamState) -> dict[str, Tensor]:
    """Return every parameter's constrained value, Bayesian ones at the centre of their factor."""
    module: Any = compiled.module
    read = getattr(module, "fitted_parameters", module.parameters)
    with isolated(0, cloned(state)), torch.no_grad():
        return {name: value.detach().clone() for name, value in read().items()}


def _status(interrupted: bool, settled: bool, bounded: bool) -> Status:
    if interrupted:
        return "interrupted"
    if not settled:
        return "not_converged"
    return "boundary" if bounded else "converged"


def _remarks(result: FitResult, reason: str, hint: str, checkpoint: str | None) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    if result.status == "interrupted":
        found.append(findings.interrupted(result.epochs, checkpoint))
    elif result.status == "not_converged":
        found.append(findings.not_converged(reason, hint))
    found += [findings.at_floor(b.name, b.value, b.reached) for b in result.boundary]
    found += [
        findings.unused_latent(name, kl) for name, kl in result.kl.items() if kl < UNUSED_BELOW
    ]
    found += [
        findings.unused_dimensions(name, units.unused, len(units.spread))
        for name, units in result.units.items()
        if units.unused and len(units.spread) > 1 and name not in result.unused
    ]
    found += [
        findings.guide_not_converged(guide.name, guide.reason)
        for guide in result.guides.values()
        if not guide.converged
    ]
    return found


def _more(result: FitResult) -> str:
    epochs = f"raise `epochs` above {result.epochs:,}"
    slow = result.config.schedule == "constant" and result.config.learning_rate < 0.005
    return f"{epochs}, or raise `learning_rate`" if slow else epochs


# --- guides at a fixed model ----------------------------------------------------------------


def _other_guides(compiled: CompiledScm) -> list[str]:
    return [name for name in compiled.module.GUIDES if name != "all"]


def fit_guide(
    compiled: CompiledScm,
    state: ParamState,
    data: EncodedData,
    guide: str = "all",
    *,
    config: FitConfig | None = None,
    progress: ProgressCallback = silent,
    stop_requested: Stop | None = None,
) -> tuple[ParamState, GuideFit]:
    """Return the state with one guide trained at the model as it stands, and how that went.

    The model's parameters are held. For a file in which every number is given, `state` is empty
    (``{"params": {}, "constraints": {}}``) and `data` are rows that the file simulated.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C: half a guide is no guide.
    """
    caller = _Caller(progress=progress, stop_requested=stop_requested)
    config = config or FitConfig()
    trained, record, interrupted = _train_guide(compiled, state, data, guide, config, caller)
    if interrupted and stop_requested is None:
        raise KeyboardInterrupt
    return trained, record


def _train_guide(
    compiled: CompiledScm,
    state: ParamState,
    data: EncodedData,
    guide: str,
    config: FitConfig,
    caller: _Caller,
) -> tuple[ParamState, GuideFit, bool]:
    recipe = _guide_recipe(config, data.n_rows)
    with isolated(derive_seed(config.seed, "guide", guide), cloned(state)) as inner:
        evidence = compiled.module.GUIDE_EVIDENCE[guide]
        some = next(data.batches(rows_at_once(compiled)))
        batch = without(some, compiled, evidence)
        own = guide_parameters(compiled, guide, batch, data.n_rows)
        target = guide_target(compiled, guide, data.n_rows, own, config.particles)
        run = start_run(target, recipe, data)
        if own:
            minimise(run, caller.progress, caller.stop_requested)
        settled, reason = (
            convergence.settles(run, caller.is_stopping)
            if own
            else (True, "it has nothing to learn")
        )
        measured = convergence.evaluate(target, data, min(config.passes, _GUIDE_PASSES), math.inf)
    record = GuideFit(
        name=guide,
        curve=tuple(run.curves.get("objective", ())),
        elbo=measured.elbo,
        elbo_se=measured.elbo_se,
        kl=convergence.divergences(compiled, measured.parts),
        converged=settled and not run.interrupted,
        reason="it was interrupted" if run.interrupted else reason,
    )
    return inner, record, run.interrupted


def _guide_recipe(config: FitConfig, n_rows: int) -> FitConfig:
    """Return the default recipe whatever the file's is (its `epochs` apart): an easy task."""
    size = config.rows_per_batch(n_rows)
    steps = 1 if size == "all" else -(-n_rows // size)
    return FitConfig(
        learning_rate=_GUIDE_RATE,
        final_learning_rate=_GUIDE_RATE / 10,
        batch_size=size,
        epochs=config.epochs,
        patience=max(3, -(-_GUIDE_BLOCK // steps)),
        particles=config.particles,
        seed=config.seed,
        tolerance=config.tolerance,
        passes=config.passes,
    )
