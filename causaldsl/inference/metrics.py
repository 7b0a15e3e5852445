"""Metrics of a prediction that `keep` looks at: how near E[V] of the model is to what was seen.

E[V] is the mean of V's mechanism at the draws of the guide for all evidence, so the guide has seen
V itself: the metric says how well the latents carry V, not how well a new unit is predicted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from causaldsl.diagnostics.model import InferenceError
from causaldsl.inference import findings
from causaldsl.runtime.load import CompiledScm
from causaldsl.semantics.model import Structural
from causaldsl.source import Span
from causaldsl.vocabulary.domains import Binary, Categorical, Domain, Ordered, levels_of
from causaldsl.vocabulary.training import KEEP_METRICS_OF

Batch = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric of one observed variable, such as ``accuracy(y)``."""

    kind: str
    variable: str

    @property
    def name(self) -> str:
        """The metric as the language writes it."""
        return f"{self.kind}({self.variable})"

    def cost(self, value: float) -> float:
        """Return the metric's value so that less is better."""
        return value if self.kind == "rmse" else -value


def metric_of(keep: str) -> Metric | None:
    """Return the metric that a word of `keep` names; `None` for ``last`` and ``loss``."""
    kind, bracket, rest = keep.partition("(")
    if not bracket or kind not in KEEP_METRICS_OF:
        return None
    return Metric(kind=kind, variable=rest.removesuffix(")").strip())


def verify_metric(metric: Metric, compiled: CompiledScm, span: Span | None = None) -> None:
    """Refuse a metric that the model or the variable does not have.

    Raises
    ------
    InferenceError
        CD602.
    """
    variable = compiled.scm.variables.get(metric.variable)
    if variable is None or not variable.is_observed or isinstance(variable.mechanism, Structural):
        expected = "a metric of an observed variable that is drawn"
    elif not _fits(metric.kind, variable.domain):
        expected = f"a metric of {_NEEDS[metric.kind]}"
    else:
        return
    raise InferenceError([findings.wrong_value("keep", metric.name, expected, span)])


_NEEDS = {
    "accuracy": "a binary or of levels: `accuracy` counts right guesses",
    "auc": "a binary: `auc` orders the rows of the two values",
    "rmse": "a number: levels have no distances",
}


def _fits(kind: str, domain: Domain) -> bool:
    match kind:
        case "auc":
            return isinstance(domain, Binary)
        case "accuracy":
            return levels_of(domain) is not None
        case _:
            return not isinstance(domain, Categorical | Ordered)


def measure(metric: Metric, compiled: CompiledScm, batches: Iterable[Batch], draws: int) -> float:
    """Return a metric on rows, from the mean of E[V] over some draws of the guide.

    Raises
    ------
    InferenceError
        CD603 if the rows have one value only, and `auc` orders nothing.
    """
    pairs = [_means(metric.variable, compiled, batch, draws) for batch in batches]
    means, truth = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    return float(_METRICS[metric.kind](means, truth, metric))


def _means(name: str, compiled: CompiledScm, batch: Batch, draws: int) -> tuple[Tensor, Tensor]:
    """Return E[V], or the probabilities of its levels, and V, where it was seen."""
    module: Any = compiled.module
    with torch.no_grad():
        laws = [module.traces(batch)[1].nodes[name]["fn"] for _ in range(draws)]
        levels = isinstance(compiled.scm.variables[name].domain, Categorical | Ordered)
        means = torch.stack([law.probs if levels else law.mean for law in laws]).mean(0)
    truth, seen = batch[name], batch.get(f"{name}__seen")
    return (means, truth) if seen is None else (means[seen], truth[seen])


def _accuracy(means: Tensor, truth: Tensor, metric: Metric) -> Tensor:
    del metric
    guess = means.argmax(-1) if means.dim() > truth.dim() else means > 0.5
    return (guess == truth).double().mean()


def _rmse(means: Tensor, truth: Tensor, metric: Metric) -> Tensor:
    del metric
    return ((means - truth) ** 2).mean().sqrt()


def _auc(means: Tensor, truth: Tensor, metric: Metric) -> Tensor:
    """Return the share of pairs of a 1 and a 0 that are in order, ties half (Mann and Whitney)."""
    means, truth = means.flatten(), truth.flatten() > 0.5
    ones = int(truth.sum())
    pairs = ones * (len(truth) - ones)
    if pairs == 0:
        value = metric.variable
        message = f"`keep={metric.name}` orders rows of both values of `{value}`, and there is one"
        raise InferenceError([findings.contradiction(message, "set more rows apart")])
    _, place, count = torch.unique(means, return_inverse=True, return_counts=True)
    last: Tensor = count.cumsum(0).double()
    ranks = (last - (count - 1) / 2)[place]
    order: Tensor = ranks[truth].sum() - ones * (ones + 1) / 2
    return order / pairs


_METRICS: Mapping[str, Callable[[Tensor, Tensor, Metric], Tensor]] = {
    "accuracy": _accuracy,
    "auc": _auc,
    "rmse": _rmse,
}
