"""Runs exactly the text that `compile` prints, registered so that tracebacks show its lines."""

from __future__ import annotations

import hashlib
import linecache
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, cast

import torch
from torch import Tensor

from causaldsl.runtime.scope import isolated
from causaldsl.semantics.model import Scm

Values = Mapping[str, Tensor]
#: Outputs of shared networks, by the function that gives them and the parents that it reads.
Heads = dict[tuple[Callable[..., Tensor], tuple[str, ...]], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledScm:
    """A checked model, the text of its Pyro module, and that text loaded.

    `module` has the names that `docs/architecture.md` lists (``model``, ``guide``,
    ``MECHANISMS``, ``PARENTS``, ``SCALES``, ...). Each load is a module of its own, so scales
    set for one fit never reach another. `whole` holds the `missing latent` variables of which no
    training row lacked a cell: what its guides say of a row without one was never learned.
    """

    scm: Scm = field(repr=False)
    text: str = field(repr=False)
    module: ModuleType = field(repr=False, compare=False)
    whole: set[str] = field(default_factory=set, repr=False, compare=False)

    @property
    def mechanisms(self) -> dict[str, Callable[..., Any]]:
        """The mechanism functions by variable, in topological order."""
        return cast("dict[str, Callable[..., Any]]", self.module.MECHANISMS)

    @property
    def parents(self) -> dict[str, tuple[str, ...]]:
        """The parents of each variable, in the order its mechanism takes them."""
        return cast("dict[str, tuple[str, ...]]", self.module.PARENTS)

    def event(self, name: str) -> tuple[int, ...]:
        """Return the shape of one row's value: ``()``, ``(k,)`` of an array, ``(c, h, w)``."""
        events: Mapping[str, tuple[int, ...]] = getattr(self.module, "EVENTS", {})
        return tuple(events.get(name, ()))

    def apply_mechanism(
        self, name: str, params: Values, values: Values, heads: Heads | None = None
    ) -> Any:  # noqa: ANN401 (a distribution or a tensor)
        """Return the distribution (or, for ``:=``, the tensor) of `name` given its parents.

        `heads` remembers the outputs of networks that several variables share. It is for one pass,
        in which every variable has one value.
        """
        parents = [values[q] for q in self.parents[name]]
        shared = getattr(self.module, "HEADS", {}).get(name)
        if heads is None or shared is None:
            return self.mechanisms[name](params, *parents)
        key = (shared, self.parents[name])
        if key not in heads:
            heads[key] = shared(params, *parents)
        return self.mechanisms[name](params, *parents, heads=heads[key])

    def set_scales(self, scales: Mapping[str, Sequence[Any]]) -> None:
        """Fill in centre and spread of the training columns, in place; for an array by cell."""
        for name, pair in scales.items():
            if name in self.module.SCALES:
                self.module.SCALES[name][:] = [_scale(value) for value in pair]

    def set_whole(self, names: Iterable[str]) -> None:
        """Say, in place, which `missing latent` variables every training row had."""
        self.whole.clear()
        self.whole.update(names)


def _scale(value: float | Sequence[float]) -> float | Tensor:
    if isinstance(value, Sequence):
        return torch.tensor(value, dtype=torch.float64)
    return value


def load_module(text: str, name: str) -> ModuleType:
    """Return `text` as a module. Its lines show in tracebacks as ``<causaldsl NAME digest>``."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    filename = f"<causaldsl {name} {digest}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    module = ModuleType(f"causaldsl_generated_{digest}")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        exec(
            compile(text, filename, "exec"), module.__dict__
        )  # the compiler's own text, never the user's
    finally:
        torch.set_default_dtype(before)
    return module


def learned_values(compiled: CompiledScm, state: dict[str, Any]) -> dict[str, Tensor]:
    """Return the constrained values of every learned parameter in a parameter state."""
    with isolated(0, state), torch.no_grad():
        return {k: v.detach().clone() for k, v in compiled.module.parameters().items()}


def network_weights(compiled: CompiledScm, state: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return how many numbers each weight of each network holds, by the network's name.

    Networks that a state brings no weights of (a guide that was not trained) are left out.
    """
    module: Any = compiled.module
    copied = {part: dict(values) for part, values in state.items()}
    known = set(copied.get("params", {}))
    found: dict[str, dict[str, int]] = {}
    with isolated(0, copied), torch.no_grad():
        for name in getattr(module, "NETWORKS", {}):
            weights = module.weights_of(name)
            if known.issuperset(weights):
                found[name] = {key: value.numel() for key, value in weights.items()}
    return found
