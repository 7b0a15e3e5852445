"""The progress callback: how long work tells its caller where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a long piece of work stands: `done` of `total` units, and figures worth showing.

    With `total` 0 it is no measure but a remark: `stage` is what there is to say. A fit's figures
    hold each site's share of the negative ELBO as ``part NAME``.
    """

    stage: str
    done: int
    total: int
    figures: Mapping[str, float] = field(default_factory=dict)


ProgressCallback = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Ignore progress."""
