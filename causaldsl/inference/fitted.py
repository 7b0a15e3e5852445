"""What a fit leaves: the fitted model, and the record of how it came about.

The record is plain data that goes to JSON and back; everything a report says about a fit
(curves, convergence, boundary solutions, latents left unused, the R of `balance`) is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor

from causaldsl.data.encoding import Encoding
from causaldsl.data.schema import Schema
from causaldsl.diagnostics.model import Diagnostic
from causaldsl.inference.config import FitConfig
from causaldsl.runtime.load import CompiledScm
from causaldsl.runtime.scope import ParamState

Status = Literal["converged", "boundary", "not_converged", "interrupted"]
Method = Literal["svi", "nuts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """A learned standard deviation without an interior optimum, in units of its column's."""

    name: str
    value: float
    floor: float
    reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideFit:
    """How a guide that was trained at the fitted model came about."""

    name: str
    curve: tuple[float, ...]
    elbo: float
    elbo_se: float
    kl: Mapping[str, float]
    converged: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """How much of a latent a fit uses, by dimension; one for a scalar.

    `kl` is each dimension's divergence from its prior in nats per row, `spread` the variance over
    the rows of its posterior mean, in variances of the prior (Burda et al. 2016).
    """

    kl: tuple[float, ...]
    spread: tuple[float, ...]

    @property
    def unused(self) -> tuple[int, ...]:
        """The dimensions, from 0, whose posterior mean does not vary: a spread of at most 0.01."""
        return tuple(i for i, spread in enumerate(self.spread) if spread <= ACTIVE_ABOVE)

    @property
    def active(self) -> int:
        """How many dimensions are in use."""
        return len(self.spread) - len(self.unused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """What Markov chains report, by parameter: means, R-hat, effective sample size."""

    chains: int
    samples: int
    warmup: int
    r_hat: Mapping[str, float]
    ess: Mapping[str, float]
    divergences: int
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FitResult:
    """The record of a fit.

    `curves` holds one number per epoch: ``objective``, ``elbo`` (the negative ELBO per row), each
    loss under its name, ``validation`` where rows were set apart, ``learning_rate``. `elbo` is
    the negative ELBO per row, in nats, as the mean of `passes` full passes; `elbo_se` is that
    mean's standard error. `parts` are its shares by site, `terms` the losses' own values,
    `weights` what each counts for at the end (R of a balance included), `kl`
    each latent's divergence from its prior per row, `units` the same by dimension and what of it
    is in use, `balance` the R of each balanced loss. `kept` is the epoch, from 1, whose state was
    kept where `keep` looked for the best. `whole` are the `missing latent` variables of which
    no training row lacked a cell.
    """

    status: Status
    method: Method = "svi"
    config: FitConfig
    seed: int
    n_rows: int
    n_validation: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    whole: tuple[str, ...] = ()
    data_digest: str = ""
    epochs: int = 0
    steps: int = 0
    seconds: float = 0.0
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    elbo: float
    elbo_se: float
    passes: int
    parts: Mapping[str, float] = field(default_factory=dict)
    terms: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    kl: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, Units] = field(default_factory=dict)
    kept: int | None = None
    boundary: tuple[Boundary, ...] = ()
    balance: Mapping[str, float] = field(default_factory=dict)
    guides: Mapping[str, GuideFit] = field(default_factory=dict)
    sampling: Sampling | None = None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def converged(self) -> bool:
        """Whether the fit settled, in the interior or at a boundary, and its guides with it."""
        settled = self.status in ("converged", "boundary")
        return settled and all(guide.converged for guide in self.guides.values())

    @property
    def unused(self) -> tuple[str, ...]:
        """The latents whose posterior is their prior (below 0.01 nats per row)."""
        return tuple(name for name, kl in self.kl.items() if kl < UNUSED_BELOW)


#: Nats per row below which a latent's posterior counts as its prior.
UNUSED_BELOW = 0.01
#: Variance of a dimension's posterior mean above which it is active (Burda et al. 2016).
ACTIVE_ABOVE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedScm:
    """A compiled model with the parameters that a table taught it.

    `params` are constrained values as ``module.parameters()`` gives them (Bayesian ones at their
    posterior mean), `state` the parameter store's state with the guides' parameters too. `draws`
    are posterior draws ``(S, *shape)`` of the Bayesian parameters where a chain made them.
    `predictors` are the regressions of the file's ``predict`` lines on the same rows, as JSON.
    """

    compiled: CompiledScm
    state: ParamState = field(repr=False)
    params: Mapping[str, Tensor] = field(repr=False)
    encoding: Encoding = field(repr=False)
    schema: Schema = field(repr=False)
    result: FitResult
    draws: Mapping[str, Tensor] = field(default_factory=dict, repr=False)
    predictors: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)


# --- JSON -----------------------------------------------------------------------------------


def result_to_dict(result: FitResult) -> dict[str, Any]:
    """Return a record as JSON values; floats keep every digit."""
    plain = ("status", "method", "seed", "n_rows", "n_validation", "data_digest", "epochs", "steps")
    numbers = ("seconds", "elbo", "elbo_se", "passes", "kept")
    maps = ("dropped", "parts", "terms", "weights", "kl", "balance")
    return (
        {name: getattr(result, name) for name in (*plain, *numbers)}
        | {name: dict(getattr(result, name)) for name in maps}
        | {
            "config": result.config.to_dict(),
            "whole": list(result.whole),
            "curves": {name: list(curve) for name, curve in result.curves.items()},
            "units": {name: _fields(units) for name, units in result.units.items()},
            "boundary": [_fields(b) for b in result.boundary],
            "guides": {name: _fields(guide) for name, guide in result.guides.items()},
            "sampling": None if result.sampling is None else _fields(result.sampling),
            "diagnostics": [_diagnostic_to_dict(d) for d in result.diagnostics],
        }
    )


def result_from_dict(values: Mapping[str, Any]) -> FitResult:
    """Return the record that `result_to_dict` wrote.

    Raises
    ------
    ValueError, TypeError, KeyError, AttributeError
        If the values are no record.
    """
    rebuilt = dict(values)
    rebuilt["config"] = FitConfig.from_dict(values["config"])
    rebuilt["whole"] = tuple(map(str, values.get("whole", ())))
    rebuilt["curves"] = {n: tuple(map(float, c)) for n, c in values["curves"].items()}
    rebuilt["units"] = {
        name: Units(kl=tuple(units["kl"]), spread=tuple(units["spread"]))
        for name, units in values.get("units", {}).items()
    }
    rebuilt["boundary"] = tuple(Boundary(**b) for b in values["boundary"])
    rebuilt["guides"] = {
        name: GuideFit(**{**guide, "curve": tuple(guide["curve"])})
        for name, guide in values["guides"].items()
    }
    if values["sampling"] is not None:
        sampling = values["sampling"]
        rebuilt["sampling"] = Sampling(**{**sampling, "held": tuple(sampling["held"])})
    rebuilt["diagnostics"] = tuple(_diagnostic_from_dict(d) for d in values["diagnostics"])
    return FitResult(**rebuilt)


def _fields(record: Boundary | GuideFit | Sampling | Units) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in record.__slots__}
    return {
        name: list(v) if isinstance(v, tuple) else dict(v) if isinstance(v, Mapping) else v
        for name, v in values.items()
    }


def _diagnostic_to_dict(finding: Diagnostic) -> dict[str, Any]:
    """Drop the spans: a saved fit's findings have a place in words, not in a text."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "place": finding.place,
        "notes": list(finding.notes),
        "hint": finding.hint,
    }


def _diagnostic_from_dict(values: Mapping[str, Any]) -> Diagnostic:
    return Diagnostic(**{**values, "notes": tuple(values["notes"])})
