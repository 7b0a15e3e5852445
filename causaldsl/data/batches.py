"""Minibatches whose order is a function of the seed and the epoch alone.

So a run that stops after any step goes on bit for bit from two numbers, the epoch and the step;
no generator state is kept, and nothing reads torch's global one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

BatchSize = int | Literal["all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """How rows are dealt into batches. The last batch of an epoch may be smaller."""

    n_rows: int
    batch_size: BatchSize
    seed: int

    def __post_init__(self) -> None:
        if self.n_rows < 1:
            raise ValueError(f"there are no rows to deal out, n_rows={self.n_rows}")
        if self.batch_size != "all" and self.batch_size < 1:
            raise ValueError(f"a batch has at least one row, batch_size={self.batch_size}")

    @property
    def is_full(self) -> bool:
        """Whether every step sees all rows."""
        return self.batch_size == "all" or self.batch_size >= self.n_rows

    @property
    def steps_per_epoch(self) -> int:
        """How many batches an epoch has."""
        return 1 if self.batch_size == "all" else -(-self.n_rows // self.batch_size)

    def order(self, epoch: int) -> Tensor:
        """Return the rows' order in an epoch, ``(N,)``; the table's own for full batches."""
        if self.is_full:
            return torch.arange(self.n_rows)
        generator = torch.Generator().manual_seed(derive_seed(self.seed, "epoch", epoch))
        return torch.randperm(self.n_rows, generator=generator)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Tensor]:
        """Yield each batch's row indices, from step `start` of the epoch on."""
        order = self.order(epoch)
        size = self.n_rows if self.batch_size == "all" else self.batch_size
        for step in range(start, self.steps_per_epoch):
            yield order[step * size : (step + 1) * size]


def derive_seed(seed: int, *path: str | int) -> int:
    """Return a seed below 2**63 that is a fixed function of a seed and a path of names.

    Unlike ``seed + epoch``, neighbouring seeds share no streams.
    """
    text = "/".join(map(str, (seed, *path)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def split_rows(n_rows: int, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """Return sorted row indices of a random split: the rest, and `share` of the rows set apart.

    Raises
    ------
    ValueError
        If `share` is not in [0, 1).
    """
    if not 0 <= share < 1:
        raise ValueError(f"a share lies between 0 and 1, got {share}")
    generator = torch.Generator().manual_seed(derive_seed(seed, "split"))
    order = torch.randperm(n_rows, generator=generator)
    apart = round(n_rows * share)
    return order[apart:].sort().values, order[:apart].sort().values
