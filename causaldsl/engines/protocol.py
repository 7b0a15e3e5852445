"""What every engine offers, and what the posterior of the unseen variables is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.engines.problem import Block, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockPosterior:
    """Draws of one block's unseen variables, ``(S, N, *event)`` each.

    `log_weights` ``(S, N)`` correct draws that are not from the posterior itself; `unfinished`
    ``(N,)`` marks rows for which a search did not converge.
    """

    samples: Mapping[str, Tensor] = field(repr=False)
    log_weights: Tensor | None = field(default=None, repr=False)
    unfinished: Tensor | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()


class Engine(Protocol):
    """A way to the posterior of a block. `is_exact`: its draws need no weights."""

    name: str
    is_exact: bool

    def refusal(self, problem: Problem, block: Block) -> str | None:
        """Return why the engine does not apply to a block, or `None` where it does."""
        ...

    def posterior(
        self, problem: Problem, block: Block, draws: int, generator: torch.Generator
    ) -> BlockPosterior:
        """Return draws of the block's unseen variables given the evidence."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentPosterior:
    """Draws of every unseen variable that the evidence speaks of.

    Parameters
    ----------
    samples
        ``(S, N, *event)``, or ``(1, N, *event)`` for what the evidence settles.
    log_weights, ess
        Importance weights ``(S, N)`` and effective sample sizes ``(N,)``; `None` where every
        engine was exact.
    engines
        The engine of each unseen variable, and why it was chosen.
    """

    samples: Mapping[str, Tensor] = field(repr=False)
    log_weights: Tensor | None = field(default=None, repr=False)
    ess: Tensor | None = field(default=None, repr=False)
    engine: str
    engines: Mapping[str, str]
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    unfinished: Tensor | None = field(default=None, repr=False)
