"""A text language and engine for causal fairness models.

``causaldsl.load("models/exoc.scm")`` returns a checked model: draw it, compile it to Pyro, fit it,
and ask what would have been. The names below load on first use, so importing the package is
cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from causaldsl.version import VERSION

if TYPE_CHECKING:
    from causaldsl.answers import Effects, Generated
    from causaldsl.api import Counterfactuals, Fit, Model, Report, compare, load, load_fit, loads
    from causaldsl.diagnostics.model import (
        CausalDslError,
        CounterfactualError,
        DataError,
        Diagnostic,
        FairnessError,
        InferenceError,
        InternalError,
        ModelError,
    )
    from causaldsl.pictures import Judgement, Pictures

__version__ = VERSION

_API = ("Counterfactuals", "Fit", "Model", "Report", "compare", "load", "load_fit", "loads")
_ANSWERS = ("Effects", "Generated")
_PICTURES = ("Judgement", "Pictures")
_DIAGNOSTICS = (
    "CausalDslError",
    "CounterfactualError",
    "DataError",
    "Diagnostic",
    "FairnessError",
    "InferenceError",
    "InternalError",
    "ModelError",
)

__all__ = [
    "CausalDslError",
    "CounterfactualError",
    "Counterfactuals",
    "DataError",
    "Diagnostic",
    "Effects",
    "FairnessError",
    "Fit",
    "Generated",
    "InferenceError",
    "InternalError",
    "Judgement",
    "Model",
    "ModelError",
    "Pictures",
    "Report",
    "__version__",
    "compare",
    "load",
    "load_fit",
    "loads",
]


def __getattr__(name: str) -> object:
    if name in _API:
        return getattr(import_module("causaldsl.api"), name)
    if name in _ANSWERS:
        return getattr(import_module("causaldsl.answers"), name)
    if name in _PICTURES:
        return getattr(import_module("causaldsl.pictures"), name)
    if name in _DIAGNOSTICS:
        return getattr(import_module("causaldsl.diagnostics.model"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
