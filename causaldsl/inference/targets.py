"""What a run of the optimiser minimises: the emitted objective, or the ELBO of one guide.

Both call the emitted module and nothing else; a target only says with which rows, which guide
and which R of `balance`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyro
import torch
from torch import Tensor

from causaldsl.codegen.guide_text import python_name
from causaldsl.data.encoded import EncodedData
from causaldsl.diagnostics.model import InferenceError
from causaldsl.inference import findings
from causaldsl.inference.memory import rows_at_once
from causaldsl.inference.metrics import Metric, measure
from causaldsl.runtime.load import CompiledScm

Batch = dict[str, Tensor]
Shares = dict[str, Tensor]
Remark = tuple[str, str]  # a term, and why a batch could not give it


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """One evaluation: what is minimised, its terms, and the parts of the negative ELBO.

    `players` are the losses of the networks that learn against the model, by the term's name.
    """

    total: Tensor
    terms: Shares
    parts: Shares
    players: Shares = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerRule:
    """How a network that learns against the model learns: its parameters, steps and rate."""

    prefix: str
    steps: int = 1
    learning_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is minimised, by which parameters (`None`: all), and from when on it stands still.

    `evaluate` takes a batch, the epoch (which moves warm-ups) and, if it `reads_second`, a second
    batch. `set_training` tells networks that normalise or drop units. `is_warm` says whether every
    warm-up has ended at an epoch: before that, objectives of different epochs do not compare.
    `take_remarks` gives what terms had to leave out since it was last asked, `measure` what `keep`
    looks at on some rows, `weights` what a unit of each term counts for at an epoch. `most_rows`
    are as many as a pass takes at once.
    """

    stage: str
    evaluate: Callable[..., Losses]
    reads_second: bool = False
    players: Mapping[str, PlayerRule] = field(default_factory=dict)
    set_training: Callable[[bool], None] = field(default=lambda _: None)
    trainable: frozenset[str] | None = None
    is_warm: Callable[[float], bool] = field(default=lambda _: True)
    take_remarks: Callable[[], list[Remark]] = field(default=list)
    measure: Callable[[Iterable[Batch]], float] | None = None
    weights: Callable[[float], Mapping[str, float]] = field(default=lambda _: {})
    most_rows: int | None = None

    def over(self, data: EncodedData, epoch: float) -> Losses:
        """Return an evaluation on all rows: the mean over the parts that they are taken in.

        A term over a sample, such as a kernel distance, is then a mean of such terms over parts.
        """
        parts = [(len(b["__row__"]) / data.n_rows, b) for b in data.batches(self.most_rows)]
        found = [(share, self.evaluate(batch, epoch)) for share, batch in parts]
        return found[0][1] if len(found) == 1 else _joined(found)


def _joined(found: list[tuple[float, Losses]]) -> Losses:
    def mean(shares: list[tuple[float, Shares]]) -> Shares:
        return {n: sum((w * s[n] for w, s in shares), torch.zeros(())) for n in shares[0][1]}

    return Losses(
        total=sum((w * x.total for w, x in found), torch.zeros(())),
        terms=mean([(w, x.terms) for w, x in found]),
        parts=mean([(w, x.parts) for w, x in found]),
        players=mean([(w, x.players) for w, x in found]),
    )


def _averaged(many: list[tuple[Shares, Shares]]) -> tuple[Shares, Shares]:
    if len(many) == 1:
        return many[0]
    count = len(many)
    terms = {name: sum(t[name] for t, _ in many) / count for name in many[0][0]}
    parts = {name: sum(p[name] for _, p in many) / count for name in many[0][1]}
    return terms, parts  # type: ignore[return-value] # sums of tensors


def model_target(
    compiled: CompiledScm,
    n_rows: int,
    balance: Mapping[str, float],
    first: Shares,
    particles: int,
    metric: Metric | None = None,
) -> Target:
    """Return the emitted objective over everything that is learned.

    `first` are the terms of the first pass: numbers on which the schedule of weights is tried.
    """
    module: Any = compiled.module
    table: dict[str, dict[str, Any]] = getattr(module, "PLAYERS", {})
    reads_second = reads_second_batch(compiled)

    def evaluate(batch: Batch, epoch: float, second: Batch | None = None) -> Losses:
        more = (second,) if reads_second else ()
        drawn = [module.loss_terms(batch, n_rows, *more) for _ in range(particles)]
        terms, parts = _averaged(drawn)
        return Losses(
            total=module.objective(terms, epoch, balance),
            terms=terms,
            parts=parts,
            players={name: terms[player["loss"]] for name, player in table.items()},
        )

    numbers = {name: float(value) for name, value in first.items()}

    def is_warm(epoch: float) -> bool:
        now, later = (module.objective(first, e, balance) for e in (epoch, math.inf))
        return bool(now == later)

    def take_remarks() -> list[Remark]:
        noted: dict[Remark, int] = getattr(module, "REMARKS", {})
        taken = list(noted)
        noted.clear()
        return taken

    def measured(batches: Iterable[Batch]) -> float:
        assert metric is not None
        return measure(metric, compiled, batches, particles)

    return Target(
        stage="model",
        evaluate=evaluate,
        reads_second=reads_second,
        players={
            name: PlayerRule(
                prefix=player["prefix"],
                steps=player["steps"],
                learning_rate=player["learning_rate"],
            )
            for name, player in table.items()
        },
        set_training=getattr(module, "training", lambda _: None),
        is_warm=is_warm,
        take_remarks=take_remarks,
        measure=None if metric is None else measured,
        weights=lambda epoch: weights_of(compiled, numbers, balance, epoch),
        most_rows=rows_at_once(compiled),
    )


def weights_of(
    compiled: CompiledScm,
    terms: Mapping[str, float],
    balance: Mapping[str, float],
    epoch: float = math.inf,
) -> dict[str, float]:
    """Return what a unit of each term adds to the objective, by default after every warm-up."""
    with torch.enable_grad():
        free = {
            n: torch.tensor(v, dtype=torch.float64, requires_grad=True) for n, v in terms.items()
        }
        total = compiled.module.objective(free, epoch, balance)
        slopes: tuple[Tensor | None, ...] = torch.autograd.grad(
            total, list(free.values()), allow_unused=True
        )
    found = {n: float(s) for n, s in zip(free, slopes, strict=True) if s is not None}
    if "kl" in found:  # where its weight is scheduled: what its share in the ELBO lacks or exceeds
        found["kl"] += found["elbo"]
    return {n: w for n, w in found.items() if math.isfinite(w)}


def reads_second_batch(compiled: CompiledScm) -> bool:
    """Whether some loss permutes the blocks of a second batch."""
    return "second" in inspect.signature(compiled.module.loss_terms).parameters


def guide_target(
    compiled: CompiledScm, guide: str, n_rows: int, trainable: frozenset[str], particles: int
) -> Target:
    """Return the plain ELBO of one guide at a fixed model."""
    module: Any = compiled.module
    evidence = module.GUIDE_EVIDENCE[guide]

    def evaluate(batch: Batch, epoch: float, second: Batch | None = None) -> Losses:
        del epoch, second
        seen = without(batch, compiled, evidence)
        drawn: list[tuple[Shares, Shares]] = [
            ({}, module.elbo_parts(seen, n_rows, guide=module.GUIDES[guide])[0])
            for _ in range(particles)
        ]
        parts = _averaged(drawn)[1]
        total = sum(parts.values(), torch.zeros(()))
        return Losses(total=total, terms={"elbo": total}, parts=parts)

    return Target(
        stage=guide, evaluate=evaluate, trainable=trainable, most_rows=rows_at_once(compiled)
    )


def first_terms(compiled: CompiledScm, data: EncodedData) -> Shares:
    """Return the objective's terms per row on all rows, which makes the parameters."""
    module: Any = compiled.module

    def evaluate(batch: Batch, epoch: float) -> Losses:
        del epoch
        terms, parts = module.loss_terms(batch, data.n_rows)
        return Losses(total=torch.zeros(()), terms=terms, parts=parts)

    target = Target(stage="first pass", evaluate=evaluate, most_rows=rows_at_once(compiled))
    return target.over(data, 0).terms


def without(batch: Batch, compiled: CompiledScm, evidence: tuple[str, ...]) -> Batch:
    """Return a batch with the observed variables outside the evidence taken out."""
    hidden = set(compiled.module.OBSERVED) - set(evidence)
    return {
        name: values
        for name, values in batch.items()
        if name not in hidden and name.removesuffix("__seen") not in hidden
    }


def fixed_balance(compiled: CompiledScm, terms: Mapping[str, Tensor]) -> dict[str, float]:
    """Return R of each balanced loss: the ELBO over the term, per row, on the first full pass.

    Raises
    ------
    InferenceError
        CD612 if a term is zero there, or no number.
    """
    found: dict[str, float] = {}
    for name in getattr(compiled.module, "BALANCED", ()):
        value = float(terms[name])
        if value == 0 or not math.isfinite(value):
            raise InferenceError([findings.vanishing_balance(name, value)])
        found[name] = float(terms["elbo"]) / value
    return found


def guide_parameters(
    compiled: CompiledScm, guide: str, batch: Batch, n_rows: int
) -> frozenset[str]:
    """Return the parameters that belong to one guide alone, making those that are not there yet.

    What the model asks for too, and the factors of Bayesian parameters that the guides
    share once the guide for all evidence has taught them, are not the guide's own.
    """
    module: Any = compiled.module
    with torch.no_grad():
        asked = _asked_for(lambda: module.GUIDES[guide](batch, n_rows))
    # other guides may read networks of the guide for all evidence, and the factors of Bayesian
    # parameters, which that guide has taught them
    return frozenset(n for n in asked if n.startswith(f"{python_name(guide)}."))


def _asked_for(run: Callable[[], object]) -> set[str]:
    traced = pyro.poutine.trace(run, param_only=True).get_trace()
    return {name for name, site in traced.nodes.items() if site["type"] == "param"}
