"""The distribution families of the language, as plain data.

A family's parameters stand in the textbook's order. `noise` says how the structural form
``V = f(parents, U)`` is made from the density, which is what abduction inverts:

- ``location_scale``: ``V = loc + scale * U`` (exactly invertible, `base` is the law of U);
- ``log_location_scale``: ``V = exp(loc + scale * U)``;
- ``quantile``: ``V = F^{-1}(U)`` with U uniform; exact for continuous families, and for
  discrete ones the evidence leaves U in ``(F(v - 1), F(v)]`` (the quantile coupling);
- ``gumbel``: ``V = argmax(logits + U)``, U standard Gumbel per level;
- ``none``: only for parameters (`prior`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from causaldsl.vocabulary.domains import (
    Binary,
    Categorical,
    Count,
    Domain,
    Ordered,
    Positive,
    Real,
    UnitInterval,
)

NoiseForm = Literal["location_scale", "log_location_scale", "quantile", "gumbel", "none"]
Constraint = Literal["real", "positive", "unit", "simplex", "positive_vector", "whole", "ordered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyParameter:
    """One parameter of a family: its name and the numbers it allows."""

    name: str
    constraint: Constraint
    default: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionSignature:
    """A family: its parameters in textbook order, its support, and the form of its noise."""

    name: str
    parameters: tuple[FamilyParameter, ...]
    supports: tuple[type, ...]
    noise: NoiseForm
    event_dim: int = 0
    discrete: bool = False


def _p(name: str, constraint: Constraint, default: float | None = None) -> FamilyParameter:
    return FamilyParameter(name=name, constraint=constraint, default=default)


def _family(
    name: str,
    parameters: tuple[FamilyParameter, ...],
    supports: tuple[type, ...],
    noise: NoiseForm,
    event_dim: int = 0,
) -> DistributionSignature:
    discrete = any(s in (Binary, Count, Categorical, Ordered) for s in supports)
    return DistributionSignature(
        name=name,
        parameters=parameters,
        supports=supports,
        noise=noise,
        event_dim=event_dim,
        discrete=discrete,
    )


#: Families by name. `Bernoulli`, `Categorical` take probabilities; the compiler sees through
#: ``sigmoid`` and ``softmax`` and works with logits. `OrderedLogit` is `ordered ~ linear(...)`.
FAMILIES: dict[str, DistributionSignature] = {
    f.name: f
    for f in (
        _family("Normal", (_p("mean", "real"), _p("sd", "positive")), (Real,), "location_scale"),
        _family(
            "Laplace", (_p("mean", "real"), _p("scale", "positive")), (Real,), "location_scale"
        ),
        _family(
            "StudentT",
            (_p("df", "positive"), _p("mean", "real", 0.0), _p("scale", "positive", 1.0)),
            (Real,),
            "location_scale",
        ),
        _family("Uniform", (_p("low", "real"), _p("high", "real")), (Real,), "location_scale"),
        _family(
            "LogNormal",
            (_p("mean", "real"), _p("sd", "positive")),
            (Positive,),
            "log_location_scale",
        ),
        _family("Exponential", (_p("rate", "positive"),), (Positive,), "quantile"),
        _family(
            "Gamma", (_p("shape", "positive"), _p("rate", "positive")), (Positive,), "quantile"
        ),
        _family(
            "InverseGamma",
            (_p("shape", "positive"), _p("scale", "positive")),
            (Positive,),
            "quantile",
        ),
        _family("HalfNormal", (_p("scale", "positive"),), (Positive,), "quantile"),
        _family("HalfCauchy", (_p("scale", "positive"),), (Positive,), "quantile"),
        _family("Beta", (_p("a", "positive"), _p("b", "positive")), (UnitInterval,), "quantile"),
        _family("Bernoulli", (_p("probability", "unit"),), (Binary,), "quantile"),
        _family(
            "Binomial", (_p("trials", "whole"), _p("probability", "unit")), (Count,), "quantile"
        ),
        _family("Poisson", (_p("rate", "positive"),), (Count,), "quantile"),
        _family(
            "NegativeBinomial",
            (_p("mean", "positive"), _p("dispersion", "positive")),
            (Count,),
            "quantile",
        ),
        _family("Categorical", (_p("probabilities", "simplex"),), (Categorical,), "gumbel"),
        _family(
            "OrderedLogit",
            (_p("predictor", "real"), _p("cutpoints", "ordered")),
            (Ordered,),
            "quantile",
        ),
        _family("Dirichlet", (_p("concentration", "positive_vector"),), (), "none", event_dim=1),
    )
}


def default_family(domain: Domain) -> str:
    """Return the family a predictor of the natural parameter belongs to, given the domain."""
    match domain:
        case Real():
            return "Normal"
        case Positive():
            return "LogNormal"
        case UnitInterval():
            return "Beta"
        case Count():
            return "Poisson"
        case Binary():
            return "Bernoulli"
        case Categorical():
            return "Categorical"
        case Ordered():
            return "OrderedLogit"
        case _:
            return "Bernoulli"  # a pixel
