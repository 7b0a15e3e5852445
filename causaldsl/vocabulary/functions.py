"""The functions of the language, and what a call's signature is, as plain data.

Functions, networks and loss terms share one shape, `CallSignature`: inputs before the semicolon,
settings behind it. A setting's `kind` says what may be written there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

SettingKind = Literal[
    "number",  # a number, or a param that holds one
    "whole",  # a whole number within `low` and `high`
    "flag",  # `true` or `false`
    "word",  # one of `words`
    "sizes",  # a list of whole numbers above zero
    "numbers",  # a list of numbers, ascending where `words` says so
    "activation",  # a word of `networks.ACTIVATIONS`, `leaky_relu(0.2)` with its slope
    "network",  # a network without inputs: `mlp(hidden=[32])`
    "prior",  # a family of real numbers: `Normal(0, 1)`
    "kernel",  # a word of `losses.KERNELS`, `gaussian(1)` with its width
    "weights",  # a table from variables or groups to numbers
    "metric",  # `loss`, `accuracy(y)`, `auc(y)`, `rmse(y)`
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingSignature:
    """A word that a call (or `train`) takes: what may be written, and its default.

    `low` and `high` bound a number; with `open_low` the bound itself is refused. `all_word` is a
    word that may stand for the number (``batch_size=all``).
    """

    name: str
    kind: SettingKind
    default: object = None
    words: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    all_word: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSignature:
    """What a call takes and gives: `least` to `most` inputs (`None`: any number), settings.

    `result` is a word for documentation: ``number``, ``vector``, ``network``, ``term``, ``weight``.
    """

    name: str
    least: int
    most: int | None
    result: Literal["number", "vector", "network", "term", "weight"]
    settings: tuple[SettingSignature, ...] = ()
    inputs: str = ""

    def setting(self, name: str) -> SettingSignature | None:
        """Return the setting of that name, if there is one."""
        return next((s for s in self.settings if s.name == name), None)


def by_name(signatures: Iterable[CallSignature]) -> dict[str, CallSignature]:
    """Return the signatures keyed by name."""
    return {signature.name: signature for signature in signatures}


def _f(name: str, least: int, most: int | None, inputs: str) -> CallSignature:
    result: Literal["number", "vector"] = "vector" if name == "softmax" else "number"
    return CallSignature(name=name, least=least, most=most, result=result, inputs=inputs)


#: Functions of numbers, cell by cell on arrays. `code` takes a variable with levels instead.
FUNCTIONS: dict[str, CallSignature] = by_name(
    (
        _f("exp", 1, 1, "x"),
        _f("log", 1, 1, "x"),
        _f("sqrt", 1, 1, "x"),
        _f("abs", 1, 1, "x"),
        _f("min", 2, None, "x, y, ..."),
        _f("max", 2, None, "x, y, ..."),
        _f("clip", 3, 3, "x, low, high"),
        _f("step", 1, 1, "x"),
        _f("sigmoid", 1, 1, "x"),
        _f("softmax", 1, 1, "x"),
        _f("code", 1, 1, "variable with levels"),
    )
)
