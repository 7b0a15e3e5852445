"""The one place that touches global state: parameter store, random numbers, dtype, threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pyro
import torch

ParamState = dict[str, Any]


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread inside.

    The tensors of a training step are too small to share out: several threads wait for each other,
    on a busy machine for several times the step itself. And sums that are split between threads
    end in other digits.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def isolated(seed: int, state: ParamState | None = None) -> Iterator[ParamState]:
    """Run in a parameter store, random stream and float64 of one's own; restore all on leaving.

    Parameters
    ----------
    seed
        Seeds torch's generator inside; the generator outside is as it was afterwards.
    state
        The parameter store to start from (as `state_of` returns it); empty when not given.

    Yields
    ------
    ParamState
        The store's state, filled on leaving with what the block left there.
    """
    before = torch.get_default_dtype()
    store = pyro.get_param_store()
    inner: ParamState = {"params": {}, "constraints": {}} if state is None else state
    with (
        store.scope(cast("Any", inner)) as held,
        torch.random.fork_rng(devices=[]),
        pyro.validation_enabled(False),
    ):
        torch.set_default_dtype(torch.float64)
        try:
            torch.manual_seed(seed)
            yield cast("ParamState", held)
        finally:
            torch.set_default_dtype(before)
