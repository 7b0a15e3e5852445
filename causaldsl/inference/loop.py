"""One run of the optimiser: steps, epochs, the stopping rule, checkpoints, interruption.

The loop knows a `Target` and rows, not models. It runs inside `isolated`, over the unconstrained
parameters of Pyro's store, and is a function of its seed: batches come from the seed and the
epoch, draws from the one random stream that a checkpoint keeps.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

import pyro
import torch
from torch import Tensor

from causaldsl.data.batches import Batches, derive_seed
from causaldsl.data.encoded import EncodedData
from causaldsl.diagnostics.model import InferenceError
from causaldsl.diagnostics.progress import Progress, ProgressCallback
from causaldsl.inference import watchdog
from causaldsl.inference.checkpoint import Checkpoint, random_state, write_checkpoint
from causaldsl.inference.config import FitConfig
from causaldsl.inference.metrics import Metric, metric_of
from causaldsl.inference.optimiser import Optimiser
from causaldsl.inference.schedule import Pace, estimated_end, initial_pace, next_pace, rate_at
from causaldsl.inference.states import constraints_of, unconstrained
from causaldsl.inference.targets import Batch, Losses, Remark, Target
from causaldsl.runtime.scope import ParamState, one_thread

_REPORT_EVERY = 0.1  # seconds between two calls of the progress callback


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Where and how often a run writes its checkpoint, and what marks it as this run's."""

    path: Path
    fingerprint: Mapping[str, str]
    seconds: float


@dataclass(slots=True, kw_only=True)
class Run:
    """The state of a run while it lasts. `curves` has one number for each finished epoch.

    `remarks` count the steps on which a term had to leave something out.
    """

    target: Target
    config: FitConfig
    data: EncodedData
    validation: EncodedData | None = None
    epoch: int = 0
    step: int = 0
    steps_done: int = 0
    pace: Pace
    curves: dict[str, list[float]] = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=dict)
    remarks: dict[Remark, int] = field(default_factory=dict)
    best: float = math.inf
    best_epoch: int | None = None
    best_params: dict[str, Tensor] = field(default_factory=dict)
    interrupted: bool = False
    began_at: float = math.nan
    seconds: float = 0.0
    optimiser: Optimiser
    adopted: dict[str, Tensor] = field(default_factory=dict)
    known: int = 0
    rate: float = 0.0
    keeping: Keeping | None = None

    @property
    def batches(self) -> Batches:
        """How the rows are dealt into batches."""
        size = self.config.rows_per_batch(self.data.n_rows)
        return Batches(n_rows=self.data.n_rows, batch_size=size, seed=self.config.seed)

    @property
    def second(self) -> Batches:
        """How the rows are dealt a second time, for losses that read two batches."""
        seed = derive_seed(self.config.seed, "second batch")
        return replace(self.batches, seed=seed)

    @property
    def metric(self) -> Metric | None:
        """The metric that `keep` asks for, where this run measures one."""
        return metric_of(self.config.keep) if self.target.measure is not None else None

    @property
    def watched(self) -> list[float]:
        """The curve that the stopping rule and `keep` look at: less is better."""
        if (metric := self.metric) is not None:
            return [metric.cost(value) for value in self.curves.get(metric.name, [])]
        return self.curves.get("validation", self.curves.get("objective", []))


def start_run(
    target: Target,
    config: FitConfig,
    data: EncodedData,
    validation: EncodedData | None = None,
    keeping: Keeping | None = None,
) -> Run:
    """Return a run that has not begun."""
    # objectives are per row here and sums in the papers: with its floor so scaled, Adam's steps
    # are the same
    optimiser = Optimiser(
        kind=config.optimizer, eps=1e-8 / data.n_rows, weight_decay=config.weight_decay
    )
    return Run(
        target=target,
        config=config,
        data=data,
        validation=validation,
        pace=initial_pace(config),
        optimiser=optimiser,
        keeping=keeping,
    )


def minimise(
    run: Run, progress: ProgressCallback, stop_requested: Callable[[], bool] | None = None
) -> None:
    """Carry a run on to its end, in place: until the rule ends it, the epochs do, or the user.

    Raises
    ------
    InferenceError
        CD610 or CD611 when a number is not finite; the checkpoint on disk stays as it was.
    """
    batches, began = run.batches, time.monotonic()
    epochs = run.config.most_epochs(batches.steps_per_epoch)
    block = run.config.block(batches.steps_per_epoch)
    everything = run.data.batch() if batches.is_full else None
    clock = _Clock(run=run, progress=progress, began=began, before=run.seconds)
    # who hands a question over also minds Ctrl-C
    minded = stoppable(None) if stop_requested is None else nullcontext(stop_requested)
    with minded as stopped, _only(run.target.trainable), one_thread():
        _adopt(run)
        while run.epoch < epochs and not run.pace.settled and not run.interrupted:
            for rows, others in _dealt(run, batches):
                batch = run.data.batch(rows) if everything is None else everything
                second = None if others is None else run.data.batch(others)
                _step(run, batch, second, epochs, batches.steps_per_epoch)
                clock.tick(epochs, block, batches.steps_per_epoch)
                if stopped():
                    run.interrupted = True
                    break
            if run.step >= batches.steps_per_epoch:
                _end_epoch(run, block)
        run.seconds = clock.elapsed()
        if run.keeping is not None:
            save_run(run, run.keeping)
    if not run.interrupted and run.best_params:
        _restore(run.best_params)


def _dealt(run: Run, batches: Batches) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Yield the rows of each step, and of its second batch where one is read."""
    if not run.target.reads_second or batches.is_full:
        for rows in batches.epoch(run.epoch, run.step):
            yield rows, None
    else:
        others = run.second.epoch(run.epoch, run.step)
        yield from zip(batches.epoch(run.epoch, run.step), others, strict=True)


# --- one step -------------------------------------------------------------------------------


def _adopt(run: Run) -> None:
    """Hand parameters that a pass has just made to the optimiser."""
    wanted = run.target.trainable
    run.known = len(pyro.get_param_store())
    for name, value in pyro.get_param_store().named_parameters():
        if wanted is None or name in wanted:
            run.adopted.setdefault(name, value)


def _step(run: Run, batch: Batch, second: Batch | None, epochs: int, steps: int) -> None:
    before = random_state()
    with _training(run.target):
        _practise(run, batch, second)
        losses = run.target.evaluate(batch, run.epoch, second)
    if len(pyro.get_param_store()) != run.known:
        _adopt(run)
    for remark in run.target.take_remarks():
        run.remarks[remark] = run.remarks.get(remark, 0) + 1
    value = losses.total.item()
    for parameter in run.adopted.values():
        parameter.grad = None
    # the players' losses reach their own parameters alone, so one pass serves both sides
    whole = sum(losses.players.values(), losses.total)
    if math.isfinite(value) and whole.requires_grad:
        whole.backward()  # type: ignore[no-untyped-call]
    norm = _clipped_norm(run)
    if not (math.isfinite(value) and math.isfinite(norm)):
        _refuse(run, batch, before, steps)
    run.rate = rate_at(run.config, run.pace, run.epoch + run.step / steps, epochs)
    if not run.steps_done:
        run.began_at = value
    _move(run, run.adopted)
    _record(run, losses, value, len(batch["__row__"]))
    run.step += 1
    run.steps_done += 1


def _move(run: Run, params: Mapping[str, Tensor]) -> None:
    """Move parameters, those of a player at its own rate where it has one."""
    rates: dict[float, dict[str, Tensor]] = {}
    own = {r.prefix: r.learning_rate for r in run.target.players.values() if r.learning_rate}
    for name, value in params.items():
        rate = next((own[p] for p in own if name.startswith(p)), run.rate)
        rates.setdefault(rate, {})[name] = value
    for rate, group in rates.items():
        run.optimiser.step(group, rate)


def _practise(run: Run, batch: Batch, second: Batch | None) -> None:
    """Let players that take several steps for one of the model's take all but the last."""
    most = max((rule.steps for rule in run.target.players.values()), default=1)
    for k in range(1, most):
        playing = {n: r for n, r in run.target.players.items() if r.steps > k}
        losses = run.target.evaluate(batch, run.epoch, second)
        if len(pyro.get_param_store()) != run.known:
            _adopt(run)
        for parameter in run.adopted.values():
            parameter.grad = None
        sum(losses.players[n] for n in playing).backward()  # type: ignore[union-attr]
        prefixes = tuple(rule.prefix for rule in playing.values())
        run.rate = run.rate or run.config.learning_rate
        _move(run, {n: v for n, v in run.adopted.items() if n.startswith(prefixes)})


@contextmanager
def _training(target: Target) -> Iterator[None]:
    """Have networks normalise over the batch and drop units inside."""
    target.set_training(True)
    try:
        yield
    finally:
        target.set_training(False)


def _clipped_norm(run: Run) -> float:
    """Clip each side's gradients, the model's and every player's, and return the whole norm."""
    prefixes = [rule.prefix for rule in run.target.players.values()]
    sides: dict[str | None, list[Tensor]] = {}
    for name, value in run.adopted.items():
        if value.grad is not None:
            side = next((p for p in prefixes if name.startswith(p)), None)
            sides.setdefault(side, []).append(value)
    norms = [_clipped(values, run.config.clip) for values in sides.values()]
    return float(torch.linalg.vector_norm(torch.stack(norms))) if norms else 0.0


def _clipped(values: list[Tensor], clip: float | None) -> Tensor:
    gradients = [v.grad for v in values if v.grad is not None]
    norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    if clip is not None:
        torch.nn.utils.clip_grads_with_norm_(values, clip, norm)
    return norm


def _refuse(run: Run, batch: Batch, before: Tensor, steps: int) -> None:
    kept = f"the last good state is in `{run.keeping.path}`" if run.keeping else ""
    broken = watchdog.Broken(
        batch=batch,
        epoch=run.epoch,
        step=run.step,
        steps=steps,
        random_state=before,
        row_ids=run.data.row_ids,
        kept=kept,
    )
    raise InferenceError([watchdog.diagnose(run.target, broken)])


def _record(run: Run, losses: Losses, value: float, rows: int) -> None:
    share = rows / run.data.n_rows
    sums = run.sums
    sums["objective"] = sums.get("objective", 0.0) + share * value
    for name, term in losses.terms.items():
        sums[name] = sums.get(name, 0.0) + share * term.item()
    for name, part in losses.parts.items():
        key = f"part {name}"
        sums[key] = sums.get(key, 0.0) + share * part.item()


def went_astray(run: Run) -> str | None:
    """Return that a run's objective ended far above its start, in words; None where it did not.

    Far is ten times what it was, and ten nats more. A warm-up changes what is minimised, so the
    start is then the first epoch after it; a run that keeps its best state ends with that.
    """
    curve = run.curves.get("objective", [])
    if not curve or run.best_params:
        return None
    start = run.began_at
    if not run.target.is_warm(0):
        start = next((v for k, v in enumerate(curve) if run.target.is_warm(k)), curve[-1])
    end = curve[-1]
    if not end - start > 10 * (1 + abs(start)):
        return None
    return f"the objective ended at {end:.3g} per row, far above its start at {start:.3g}"


# --- epochs ---------------------------------------------------------------------------------


def _end_epoch(run: Run, block: int | None) -> None:
    for name, value in run.sums.items():
        if not name.startswith("part "):
            run.curves.setdefault(name, []).append(value)
    run.curves.setdefault("learning_rate", []).append(run.rate)
    if run.validation is not None:
        with torch.no_grad():
            losses = run.target.over(run.validation, run.epoch)
        run.curves.setdefault("validation", []).append(float(losses.total))
    if run.target.measure is not None and (metric := run.metric) is not None:
        rows = run.data if run.validation is None else run.validation
        run.curves.setdefault(metric.name, []).append(
            run.target.measure(rows.batches(run.target.most_rows))
        )
    run.target.take_remarks()  # those of rows that no step saw
    run.sums, run.step, run.epoch = {}, 0, run.epoch + 1
    warm = run.target.is_warm(run.epoch)
    keeps = run.config.keep == "loss" or run.metric is not None
    if keeps and warm and run.watched[-1] < run.best:
        run.best, run.best_epoch = run.watched[-1], run.epoch
        run.best_params = {n: v.detach().clone() for n, v in run.adopted.items()}
    run.pace = next_pace(run.config, run.pace, run.watched, block, warm)


def _restore(values: Mapping[str, Tensor]) -> None:
    held = dict(pyro.get_param_store().named_parameters())
    with torch.no_grad():
        for name, value in values.items():
            held[name].copy_(value)


@contextmanager
def _only(trainable: frozenset[str] | None) -> Iterator[None]:
    """Let gradients reach some parameters alone, which also spares the work for the others."""
    frozen = [
        value
        for name, value in pyro.get_param_store().named_parameters()
        if trainable is not None and name not in trainable and value.requires_grad
    ]
    for value in frozen:
        value.requires_grad_(False)
    try:
        yield
    finally:
        for value in frozen:
            value.requires_grad_(True)


@contextmanager
def stoppable(stop_requested: Callable[[], bool] | None) -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C into a flag that is read between steps; the second one is an exception."""
    pressed = False

    def press(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            signal.default_int_handler(number, frame)
        pressed = True

    def stopped() -> bool:
        return pressed or (stop_requested is not None and stop_requested())

    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = signal.signal(signal.SIGINT, press)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)


# --- progress and checkpoints ---------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Clock:
    """Reports and saves by the clock; neither touches a number of the run."""

    run: Run
    progress: ProgressCallback
    began: float
    before: float
    reported: float = -math.inf
    saved: float = field(default_factory=time.monotonic)
    first_step: int | None = None

    def elapsed(self) -> float:
        return self.before + time.monotonic() - self.began

    def tick(self, epochs: int, block: int | None, steps: int) -> None:
        now, run = time.monotonic(), self.run
        if self.first_step is None:
            self.first_step = run.steps_done - 1
        if run.keeping is not None and now - self.saved >= run.keeping.seconds:
            run.seconds = self.elapsed()
            save_run(run, run.keeping)
            self.saved = time.monotonic()
        if now - self.reported >= _REPORT_EVERY:
            self.reported = now
            end = estimated_end(run.config, run.pace, run.epoch, block, epochs)
            done = run.epoch * steps + run.step
            rate = (run.steps_done - self.first_step) / max(1e-9, now - self.began)
            self.progress(_report(run, done, end * steps, rate))


def _report(run: Run, done: int, total: int, rate: float) -> Progress:
    share = max(run.step, 1) / run.batches.steps_per_epoch
    figures = {"steps per second": rate, "seconds left": max(0, total - done) / max(rate, 1e-9)}
    figures |= {name: value / share for name, value in run.sums.items()}
    figures |= {f"weight {name}": w for name, w in run.target.weights(run.epoch).items()}
    figures["learning rate"] = run.rate
    return Progress(stage=run.target.stage, done=done, total=total, figures=figures)


def save_run(run: Run, keeping: Keeping) -> None:
    """Write a run's whole state to its checkpoint."""
    state: ParamState = dict(pyro.get_param_store().get_state())
    tensors = {f"param/{n}": t for n, t in unconstrained(state).items()}
    tensors |= {f"best/{n}": t for n, t in run.best_params.items()}
    tensors["random"] = random_state()
    tensors |= {f"mean/{n}": t.clone() for n, t in run.optimiser.means.items()}
    tensors |= {f"square/{n}": t.clone() for n, t in run.optimiser.squares.items()}
    words = {
        "constraints": constraints_of(state),
        "adopted": list(run.adopted),
        "counts": run.optimiser.counts,
        "epoch": run.epoch,
        "step": run.step,
        "steps_done": run.steps_done,
        "pace": asdict(run.pace),
        "curves": run.curves,
        "sums": run.sums,
        "best": None if math.isinf(run.best) else run.best,
        "best_epoch": run.best_epoch,
        "began_at": run.began_at if math.isfinite(run.began_at) else None,
        "remarks": [[*remark, count] for remark, count in run.remarks.items()],
        "seconds": run.seconds,
    }
    checkpoint = Checkpoint(fingerprint=keeping.fingerprint, words=words, tensors=tensors)
    write_checkpoint(keeping.path, checkpoint)


def restore_run(run: Run, checkpoint: Checkpoint) -> None:
    """Put a run back where its checkpoint left it. The store must hold its parameters already."""
    words: Mapping[str, Any] = checkpoint.words
    held = dict(pyro.get_param_store().named_parameters())
    run.adopted = {name: held[name] for name in words["adopted"]}
    run.optimiser.means = checkpoint.under("mean")
    run.optimiser.squares = checkpoint.under("square")
    run.optimiser.counts = dict(words["counts"])
    run.epoch, run.step = words["epoch"], words["step"]
    run.steps_done, run.seconds = words["steps_done"], words["seconds"]
    run.pace = Pace(**words["pace"])
    run.curves = {name: list(curve) for name, curve in words["curves"].items()}
    run.sums = dict(words["sums"])
    run.best = math.inf if words["best"] is None else words["best"]
    run.began_at = math.nan if words["began_at"] is None else words["began_at"]
    run.best_epoch, run.best_params = words["best_epoch"], checkpoint.under("best")
    run.remarks = {(term, reason): count for term, reason, count in words["remarks"]}
    torch.set_rng_state(checkpoint.tensors["random"])
