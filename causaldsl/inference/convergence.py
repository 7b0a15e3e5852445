"""Whether a fit has settled, and where: the final ELBO, the trend, latents unused, boundaries.

The rule: a least-squares line through the last third of the objective's curve. The fit has
settled when the fall of that line over the third is within the tolerance, or within two of its
standard errors where these are small enough to tell, and when 150 further steps at a rate of
their own gain no more either: a rate that has died away flattens any curve. A run that its own
stopping rule ended has settled by that rule, and one that rows set apart have ended is not probed.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pyro
import torch

from causaldsl.data.batches import derive_seed
from causaldsl.data.encoded import EncodedData
from causaldsl.diagnostics.model import InferenceError
from causaldsl.diagnostics.progress import silent
from causaldsl.inference import findings
from causaldsl.inference.config import FitConfig
from causaldsl.inference.fitted import Boundary
from causaldsl.inference.loop import Run, minimise, start_run
from causaldsl.inference.schedule import mean_and_error
from causaldsl.inference.states import cloned
from causaldsl.inference.targets import Target
from causaldsl.runtime.load import CompiledScm
from causaldsl.runtime.scope import isolated, one_thread
from causaldsl.semantics.model import Structural

Stop = Callable[[], bool]
_FEWEST = 9  # epochs without which no trend is read
_NOISIEST = 10  # tolerances that two standard errors of the fall may be for a verdict
_PROBE_STEPS = 150
_PROBE_RATE = (0.05, 0.0025)  # far enough to halve a guide's scale on the way
_PROBE_ROWS = 200_000  # rows over which an objective is measured, in 10 to 60 passes


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Means over full passes: the negative ELBO per row, terms, parts; with standard errors."""

    elbo: float
    elbo_se: float
    passes: int
    terms: Mapping[str, float]
    parts: Mapping[str, float]


def evaluate(target: Target, data: EncodedData, passes: int, epoch: float) -> Evaluation:
    """Return the means of `passes` full passes at the parameters in the store."""
    terms: dict[str, list[float]] = {}
    parts: dict[str, list[float]] = {}
    with torch.no_grad(), one_thread():
        for _ in range(passes):
            losses = target.over(data, epoch)
            for store, shares in ((terms, losses.terms), (parts, losses.parts)):
                for name, value in shares.items():
                    store.setdefault(name, []).append(float(value))
            plain = sum(float(v) for v in losses.parts.values())
            terms.setdefault("negative ELBO", []).append(plain)
    elbo = terms.pop("negative ELBO")
    broken = [n for n, values in parts.items() if not all(map(math.isfinite, values))]
    if broken:
        where = f"in the {passes} passes over the rows at the end"
        raise InferenceError([findings.loss_not_finite(broken[0], where, (), "")])
    return Evaluation(
        elbo=statistics.fmean(elbo),
        elbo_se=statistics.stdev(elbo) / math.sqrt(passes) if passes > 1 else 0.0,
        passes=passes,
        terms={name: statistics.fmean(values) for name, values in terms.items()},
        parts={name: statistics.fmean(values) for name, values in parts.items()},
    )


def divergences(compiled: CompiledScm, parts: Mapping[str, float]) -> dict[str, float]:
    """Return each latent's share of the KL, per row."""
    # what an equation gives, or is solved for, has a density and no factor to diverge
    solved = set(compiled.module.INVERSE_OF.values())
    variables = compiled.scm.variables
    latent = {
        n
        for n in compiled.module.LATENT
        if n not in solved and not isinstance(variables[n].mechanism, Structural)
    }
    return {name: value for name, value in parts.items() if name in latent}


# --- has it settled? ------------------------------------------------------------------------


def judge(run: Run) -> tuple[bool, str]:
    """Return whether a finished run has settled, and why or why not, in words."""
    if run.pace.settled:
        return True, "the stopping rule ended the run"
    curve = run.watched
    last = curve[-(len(curve) // 3) :] if len(curve) >= _FEWEST else []
    if not last:
        counted = f"{len(curve)} epoch{' is' if len(curve) == 1 else 's are'}"
        return False, f"{counted} too few to read a trend from"
    fall, error = fall_of(last)
    allowed = max(run.config.tolerance, 2 * error)
    words = (
        f"over the last {len(last):,} of {len(curve):,} epochs {_moved(run, fall)} "
        f"per row (standard error {error:.1g}), allowed {allowed:.2g}"
    )
    if 2 * error > _NOISIEST * run.config.tolerance:
        told = "too noisy to tell" if fall <= allowed else "more than the noise: it goes on"
        return False, f"{words}, which is {told}"
    return fall <= allowed, words


def _moved(run: Run, fall: float) -> str:
    """Say which way the watched curve went."""
    if run.metric is None:
        return f"the objective {'fell' if fall >= 0 else 'rose'} by {abs(fall):.2g}"
    return f"`{run.metric.name}` became {'better' if fall >= 0 else 'worse'} by {abs(fall):.2g}"


def fall_of(curve: Sequence[float]) -> tuple[float, float]:
    """Return by how much the least-squares line through a curve falls, and its standard error."""
    n = len(curve)
    centre = (n - 1) / 2
    spread = sum((i - centre) ** 2 for i in range(n))
    mean = statistics.fmean(curve)
    slope = sum((i - centre) * (v - mean) for i, v in enumerate(curve)) / spread
    noise = mean_and_error(curve)[1] * math.sqrt(n)
    return -slope * (n - 1), noise / math.sqrt(spread) * (n - 1)


def settles(run: Run, stop: Stop) -> tuple[bool, str]:
    """Return what `judge` does, having tried whether more steps would still gain something."""
    settled, reason = judge(run)
    is_probed = run.validation is None and run.metric is None
    if not settled or run.pace.settled or run.interrupted or not is_probed:
        return settled, reason
    here = cloned(dict(pyro.get_param_store().get_state()))
    probe = replace(run.target, stage=f"{run.target.stage}, probe")
    with isolated(derive_seed(run.config.seed, "more"), here):
        before = _objective(run.target, run.data)
        minimise(start_run(probe, _probing(run.config, run.data.n_rows), run.data), silent, stop)
        after = _objective(run.target, run.data)
    gain, noise = before[0] - after[0], 2 * math.hypot(before[1], after[1])
    if gain <= max(run.config.tolerance, noise):
        return True, reason
    return (
        False,
        f"{_PROBE_STEPS} steps more gained {gain:.2g} per row (twice the noise {noise:.1g})",
    )


# --- boundary solutions ---------------------------------------------------------------------


def find_boundaries(
    compiled: CompiledScm,
    target: Target,
    config: FitConfig,
    data: EncodedData,
    stop: Stop,
    *,
    settled: bool = True,
) -> tuple[Boundary, ...]:
    """Return the learned standard deviations that have no interior optimum.

    One is at its floor when it is within a tenth of it. It heads for its floor when the
    objective, learned anew with half of that standard deviation held fixed, is no worse than
    before by more than the tolerance: an interior optimum would cost tenths of a nat. Only
    variables with a latent parent can be so explained away; the others are not probed. Neither is
    a fit that has not settled: anything learned further betters its objective.
    """
    store = pyro.get_param_store()
    limits = store.get_state()["constraints"]
    found: list[Boundary] = []
    for name in [n for n in store if n.endswith("__sd")]:
        floor = float(getattr(limits[name], "lower_bound", 0.0))
        value = float(store[name].detach().min())
        reached = floor > 0 and value <= 1.1 * floor
        if reached or (
            settled
            and floor > 0
            and _has_latent_parent(compiled, name)
            and _is_flat_below(name, floor, target, config, data, stop)
        ):
            found.append(Boundary(name=name, value=value, floor=floor, reached=reached))
    return tuple(found)


def _has_latent_parent(compiled: CompiledScm, name: str) -> bool:
    parents = compiled.parents.get(name.removesuffix("__sd"), ())
    return bool(set(parents) & set(compiled.module.LATENT))


def _is_flat_below(
    name: str, floor: float, target: Target, config: FitConfig, data: EncodedData, stop: Stop
) -> bool:
    """Whether half the standard deviation, everything else learned anew, is as good."""
    here = cloned(dict(pyro.get_param_store().get_state()))
    learned = target.trainable or frozenset(here["params"])
    probe = replace(target, stage=f"floor of {name}", trainable=learned - {name})
    with isolated(derive_seed(config.seed, "probe", name), here):
        before = _objective(target, data)
        store = pyro.get_param_store()
        half = store[name].detach() / 2
        store[name] = half.clamp(min=1.01 * floor)
        minimise(start_run(probe, _probing(config, data.n_rows), data), silent, stop)
        after = _objective(target, data)
    noise = 2 * math.hypot(before[1], after[1])
    return after[0] <= before[0] + max(5 * config.tolerance, noise)


def _objective(target: Target, data: EncodedData) -> tuple[float, float]:
    with torch.no_grad():
        passes = min(60, max(10, _PROBE_ROWS // data.n_rows))
        values = [float(target.over(data, math.inf).total) for _ in range(passes)]
    return mean_and_error(values)


def _probing(config: FitConfig, n_rows: int) -> FitConfig:
    size = config.rows_per_batch(n_rows)
    steps = 1 if size == "all" else -(-n_rows // size)
    return replace(
        config,
        learning_rate=_PROBE_RATE[0],
        final_learning_rate=_PROBE_RATE[1],
        optimizer="adam",
        schedule="exponential",
        epochs=max(1, _PROBE_STEPS // steps),
        patience=None,
        keep="last",
        validation=0.0,
    )
