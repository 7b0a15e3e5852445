"""Adam, AdamW and plain gradient descent on a dictionary of parameters.

Torch's own classes import its compiler when the first one is made, which takes seconds: longer
than many a fit. The arithmetic is Kingma and Ba 2015, algorithm 1, and Loshchilov and Hutter 2019
for the decoupled decay; a test compares every step with torch's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from causaldsl.inference.config import OptimizerWord

_BETA1, _BETA2 = 0.9, 0.999


@dataclass(slots=True, kw_only=True)
class Optimiser:
    """Moments by parameter name; `counts` are the steps that each parameter has taken."""

    kind: OptimizerWord
    eps: float
    weight_decay: float = 0.0
    means: dict[str, Tensor] = field(default_factory=dict)
    squares: dict[str, Tensor] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    @torch.no_grad()
    def step(self, params: Mapping[str, Tensor], rate: float) -> None:
        """Move every parameter that has a gradient, in place."""
        moving = {n: p for n, p in params.items() if p.grad is not None}
        for name in moving:
            self.counts[name] = self.counts.get(name, 0) + 1
        for count in {self.counts[name] for name in moving}:
            group = {n: p for n, p in moving.items() if self.counts[n] == count}
            self._step(group, rate, count)

    def _step(self, group: Mapping[str, Tensor], rate: float, count: int) -> None:
        values = list(group.values())
        gradients = [p.grad for p in values if p.grad is not None]
        if self.weight_decay and self.kind == "adamw":
            torch._foreach_mul_(values, 1 - rate * self.weight_decay)
        elif self.weight_decay:
            gradients = list(torch._foreach_add(gradients, values, alpha=self.weight_decay))
        if self.kind == "sgd":
            torch._foreach_add_(values, gradients, alpha=-rate)
            return
        means = [self.means.setdefault(n, torch.zeros_like(p)) for n, p in group.items()]
        squares = [self.squares.setdefault(n, torch.zeros_like(p)) for n, p in group.items()]
        torch._foreach_lerp_(means, gradients, 1 - _BETA1)
        torch._foreach_mul_(squares, _BETA2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - _BETA2)
        scales = list(torch._foreach_sqrt(squares))
        torch._foreach_div_(scales, math.sqrt(1 - _BETA2**count))
        torch._foreach_add_(scales, self.eps)
        torch._foreach_addcdiv_(values, means, scales, -rate / (1 - _BETA1**count))
