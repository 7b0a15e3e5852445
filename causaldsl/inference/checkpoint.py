"""Where a run stands, in one file: numbers in safetensors, words in its JSON header.

A resumed run equals the straight one bit for bit: the file holds the parameters, the optimiser's
moments, the random state, the curves and the place inside the epoch. It is written beside
the old one and renamed, so a crash leaves one that is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from causaldsl.data.digest import digest
from causaldsl.data.encoded import EncodedData
from causaldsl.diagnostics.model import InferenceError
from causaldsl.inference import findings
from causaldsl.inference.config import FitConfig
from causaldsl.runtime.load import CompiledScm

_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A run's whole state: tensors by path (``param/NAME``, ``optimiser/NAME/KEY``, ``random``).

    `fingerprint` says what the run belongs to (model text, table, settings); `words` is JSON.
    """

    fingerprint: Mapping[str, str]
    words: Mapping[str, Any]
    tensors: Mapping[str, Tensor] = field(repr=False)

    def under(self, prefix: str) -> dict[str, Tensor]:
        """Return the tensors below a path, by the rest of their names."""
        start = f"{prefix}/"
        return {n[len(start) :]: t for n, t in self.tensors.items() if n.startswith(start)}


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in one step: it is there whole, or the old one still is."""
    header = {
        "format": str(_FORMAT),
        "fingerprint": json.dumps(dict(checkpoint.fingerprint)),
        "words": json.dumps(dict(checkpoint.words), allow_nan=False),
    }
    tensors = {n: t.detach().contiguous() for n, t in checkpoint.tensors.items()}
    write_atomically(path, save(tensors, metadata=header))


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it there.

    Raises
    ------
    InferenceError
        CD642 if the place cannot be written.
    """
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise InferenceError([findings.unwritable(path, error.strerror or str(error))]) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o644 & ~_umask())
        os.replace(beside, path)
    except OSError as error:
        Path(beside).unlink(missing_ok=True)
        raise InferenceError([findings.unwritable(path, error.strerror or str(error))]) from error


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def read_checkpoint(path: Path, fingerprint: Mapping[str, str]) -> Checkpoint:
    """Return the checkpoint of this run.

    Raises
    ------
    InferenceError
        CD640 if the file is none, CD641 if it belongs to another run.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        made_by, words = json.loads(header["fingerprint"]), json.loads(header["words"])
        number = int(header["format"])
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        reason = "it does not exist" if not path.exists() else "it is no checkpoint, or damaged"
        raise InferenceError([findings.unreadable_checkpoint(path, reason)]) from error
    if number != _FORMAT or not isinstance(made_by, dict) or not isinstance(words, dict):
        reason = f"its format is {number}, expected {_FORMAT}"
        raise InferenceError([findings.unreadable_checkpoint(path, reason)])
    for what, value in fingerprint.items():
        if made_by.get(what) != value:
            raise InferenceError([findings.foreign_checkpoint(path, what)])
    return Checkpoint(fingerprint=made_by, words=words, tensors=tensors)


def random_state() -> Tensor:
    """Return torch's random state as a tensor that a file can hold."""
    return torch.get_rng_state().clone()


def fingerprint_of(compiled: CompiledScm, data: EncodedData, config: FitConfig) -> dict[str, str]:
    """Say what a checkpoint belongs to. What may change between runs is left out."""
    free = ("checkpoint_seconds", "passes")
    settings = {k: v for k, v in config.to_dict().items() if k not in free}
    return {
        "model": hashlib.sha256(compiled.text.encode()).hexdigest(),
        "table": digest(data),
        "settings": repr(settings),
    }
