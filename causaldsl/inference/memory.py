"""Whether a model's networks fit into memory, asked before any of them is made."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from causaldsl.diagnostics.model import InferenceError
from causaldsl.inference import findings
from causaldsl.runtime.load import CompiledScm
from causaldsl.source import Span

_BYTES = 8  # of a number in float64
_COPIES = 4  # a weight, its gradient and the two moments of Adam
_BLOCK = 16  # weights of a convolution between two channels: 4 x 4
_GROUPS = Path("/sys/fs/cgroup")


def verify_memory(compiled: CompiledScm) -> None:
    """Refuse networks whose weights, gradients and moments no memory holds.

    Raises
    ------
    InferenceError
        CD613, at the place of the largest network.
    """
    networks: Mapping[str, Mapping[str, Any]] = getattr(compiled.module, "NETWORKS", {})
    weights = {name: weights_in(net) for name, net in networks.items()}
    free = available()
    need = sum(weights.values()) * _BYTES * _COPIES
    if free is None or need <= free:
        return
    largest = max(weights, key=lambda name: weights[name])
    sizes = networks[largest]["sizes"]
    finding = findings.networks_beyond_memory(
        (largest, sizes), sum(weights.values()), need, free, place_of(largest, compiled)
    )
    raise InferenceError([finding])


def weights_in(net: Mapping[str, Any]) -> int:
    """Return how many weights a network of an emitted table has, all branches together."""
    dense = sum((a + 1) * b for a, b in itertools.pairwise(net["sizes"]))
    maps = sum((_BLOCK * a + 1) * b for a, b in itertools.pairwise(net.get("channels", ())))
    return int((dense + maps) * net.get("levels", 1))


def available() -> int | None:
    """Return the bytes that may still be taken, by the machine and this process's group."""
    found = [limit for limit in (_of_machine(), _of_group()) if limit is not None]
    return min(found, default=None)


def _of_machine() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def _of_group() -> int | None:
    try:
        most = int((_GROUPS / "memory.max").read_text(encoding="ascii"))
        used = int((_GROUPS / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None  # no limit ("max"), or none that is written there
    return max(0, most - used)


def place_of(network: str, compiled: CompiledScm) -> Span | None:
    """Return where a network of an emitted table is written in the file."""
    scm, (kind, _, rest) = compiled.scm, network.split(".trunk")[0].partition(".")
    if kind == "player":
        return next((loss.span for loss in scm.losses if loss.name == rest), None)
    is_guide = kind.startswith("guide") and rest
    name = rest if is_guide else network.split(".")[0]
    member = scm.groups.get(name, (name.split("+")[0],))[0]
    if is_guide:
        return scm.guides[member].span if member in scm.guides else None
    return scm.variables[member].mechanism_span if member in scm.variables else None
