"""A user's table as the model's numbers: the tensors, and what was left out on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import Tensor

from causaldsl.data.encoding import Encoding
from causaldsl.diagnostics.model import Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedData:
    """Bound rows of a table.

    `columns` are ``(N,)``, or ``(N, size)`` for an array: float64, or int64 for categorical and
    ordered variables. `observed` holds, for each `missing latent` variable, the mask of the cells
    that were seen; the others hold a placeholder inside the domain, never NaN. `row_ids` are the
    positions (from 0) of the rows in the user's table, `dropped` counts the rows that were left
    out under the first reason that applied to each, zeros included. `warnings` travel along.
    """

    columns: Mapping[str, Tensor]
    observed: Mapping[str, Tensor] = field(default_factory=dict)
    n_rows: int
    row_ids: Tensor
    encoding: Encoding
    dropped: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def row_numbers(self) -> Tensor:
        """The rows' numbers as messages and outputs show them: data rows counted from 1."""
        return self.row_ids + 1

    @property
    def n_dropped(self) -> int:
        """How many rows of the table were left out."""
        return sum(self.dropped.values())

    @property
    def whole(self) -> tuple[str, ...]:
        """The `missing latent` variables of which every row has every cell."""
        return tuple(name for name, mask in self.observed.items() if bool(mask.all()))

    def batch(self, indices: Tensor | None = None) -> dict[str, Tensor]:
        """Return rows as the emitted module reads them.

        Besides the columns there are ``V__seen`` for each mask and ``__row__``, the rows' indices
        into this table (what a per-row guide looks its parameters up by).
        """
        rows = torch.arange(self.n_rows) if indices is None else indices
        taken = {name: values[rows] for name, values in self.columns.items()}
        taken |= {f"{name}__seen": mask[rows] for name, mask in self.observed.items()}
        return taken | {"__row__": rows}

    def batches(self, most: int | None = None) -> Iterator[dict[str, Tensor]]:
        """Yield all rows in their order, at most so many at once."""
        if most is None or self.n_rows <= most:
            yield self.batch()
        else:
            for rows in torch.split(torch.arange(self.n_rows), most):
                yield self.batch(rows)

    def subset(self, indices: Tensor) -> EncodedData:
        """Return the rows at `indices` (positions in this data) with everything they carry."""
        return EncodedData(
            columns=MappingProxyType({n: v[indices] for n, v in self.columns.items()}),
            observed=MappingProxyType({n: m[indices] for n, m in self.observed.items()}),
            n_rows=len(indices),
            row_ids=self.row_ids[indices],
            encoding=self.encoding,
            dropped=self.dropped,
            warnings=self.warnings,
        )

    def only(self, names: tuple[str, ...]) -> EncodedData:
        """Return the data of some variables alone, such as an evidence set."""
        return EncodedData(
            columns=MappingProxyType({n: v for n, v in self.columns.items() if n in names}),
            observed=MappingProxyType({n: m for n, m in self.observed.items() if n in names}),
            n_rows=self.n_rows,
            row_ids=self.row_ids,
            encoding=self.encoding,
            dropped=self.dropped,
            warnings=self.warnings,
        )
