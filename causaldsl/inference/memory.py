"""Whether a model's networks fit into memory, asked before any of them is made.

Training holds four numbers for a weight. For a row of a batch it holds what each unit gave, before
and after its activation, and a gradient. Passes over all rows, in which nothing learns, are parted
where the units' outputs would take more than a fixed amount: a fixed one, so that no number of a
fit depends on the machine.
"""

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
_HELD = 3  # numbers that a step holds for a unit and a row
_BLOCK = 16  # weights of a convolution between two channels: 4 x 4
#: Outputs of units that a pass over all rows makes at once; they take a gibibyte.
AT_ONCE = 2**27
_GROUPS = Path("/sys/fs/cgroup")


def verify_memory(compiled: CompiledScm, rows: int) -> None:
    """Refuse networks whose weights, or whose outputs for the rows of a batch, no memory holds.

    Raises
    ------
    InferenceError
        CD613, at the place of the largest network.
    """
    networks = _networks(compiled)
    free = available()
    if free is None or not networks:
        return
    weights = {name: weights_in(net) * _BYTES * _COPIES for name, net in networks.items()}
    outputs = {name: outputs_in(net) * rows * _BYTES * _HELD for name, net in networks.items()}
    need = sum(weights.values()) + sum(outputs.values())
    if need <= free:
        return
    largest = max(networks, key=lambda name: weights[name] + outputs[name])
    finding = findings.networks_beyond_memory(
        (largest, networks[largest]["sizes"]),
        (sum(weights.values()), sum(outputs.values())),
        rows,
        free,
        place_of(largest, compiled),
    )
    raise InferenceError([finding])


def rows_at_once(compiled: CompiledScm) -> int | None:
    """Return how many rows a pass over all of them takes at once; `None` without networks."""
    outputs = sum(outputs_in(net) for net in _networks(compiled).values())
    return max(1, AT_ONCE // outputs) if outputs else None


def _networks(compiled: CompiledScm) -> Mapping[str, Mapping[str, Any]]:
    networks: Mapping[str, Mapping[str, Any]] = getattr(compiled.module, "NETWORKS", {})
    return networks


def weights_in(net: Mapping[str, Any]) -> int:
    """Return how many weights a network of an emitted table has, all branches together."""
    dense = sum((a + 1) * b for a, b in itertools.pairwise(net["sizes"]))
    maps = sum((_BLOCK * a + 1) * b for a, b in itertools.pairwise(net.get("channels", ())))
    return int((dense + maps) * net.get("levels", 1))


def outputs_in(net: Mapping[str, Any]) -> int:
    """Return how many numbers the layers of a network give for a row, all branches together."""
    dense = sum(net["sizes"][1:])
    maps, channels = 0, net.get("channels", ())
    if channels:
        _, height, width = net["image"]
        halvings = range(1, len(channels))
        if net["kind"] == "deconv":  # the last map is of the image's own size
            halvings = range(len(channels) - 2, -1, -1)
        sizes = [max(1, (height >> k) * (width >> k)) for k in halvings]
        maps = sum(c * size for c, size in zip(channels[1:], sizes, strict=True))
    return int((dense + maps) * max(1, net.get("levels", 1)))


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
