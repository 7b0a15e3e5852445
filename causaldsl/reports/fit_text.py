"""A fit in a few lines of text: how it ended, its ELBO by site, latents, boundaries, balances."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from causaldsl.inference.fitted import FitResult, FittedScm
from causaldsl.ir.nodes import Num
from causaldsl.ir.objective import lower_objective
from causaldsl.reports.document import fixed

WIDTH = 80
_STATUS = {
    "converged": "converged",
    "boundary": "converged, at a boundary",
    "not_converged": "NOT converged",
    "interrupted": "INTERRUPTED",
}


def fit_status(result: FitResult) -> str:
    """Return how a fit ended, after how long."""
    epochs = f"{result.epochs:,} epoch{'' if result.epochs == 1 else 's'}"
    return f"{_STATUS[result.status]} after {epochs}, {result.seconds:.1f} s"


def kept_by(result: FitResult) -> str:
    """Return what the kept state is the best by."""
    word = result.config.keep
    where = "validation rows" if result.n_validation else "training rows"
    if word == "loss":
        return f"the objective on the {where}"
    return f"{word}, {result.curves[word][(result.kept or 1) - 1]:.4f} on the {where}"


def divergence_by_dimension(result: FitResult, name: str) -> tuple[float, ...]:
    """Return each dimension's nats per row from the prior; nothing where no guide draws it."""
    return result.units[name].kl if name in result.units else ()


def left_out_sites(fitted: FittedScm) -> frozenset[str]:
    """Return the sites of weight 0 in the objective: the ELBO's sum counts them all the same."""
    objective, _ = lower_objective(fitted.compiled.scm)
    weights = {} if objective is None else objective.elbo.weights
    return frozenset(name for name, weight in weights.items() if weight == Num(0.0))


def _use(result: FitResult, name: str) -> str:
    if name in result.unused:
        return " (unused: its posterior is its prior)"
    units = result.units.get(name)
    if units is None or len(units.spread) == 1:
        return ""
    return f", {units.active} of {len(units.spread)} dimensions in use"


def fit_lines(fitted: FittedScm) -> Iterator[str]:
    """Yield the lines of a fit's summary."""
    r = fitted.result
    yield f"{fitted.compiled.scm.name}: {fit_status(r)}"
    dropped = sum(r.dropped.values())
    rows = f"rows: {r.n_rows:,} used"
    rows += f", {dropped:,} left out" if dropped else ""
    rows += f", {r.n_validation:,} of them set apart for validation" if r.n_validation else ""
    yield rows
    for reason, count in r.dropped.items():
        if count:
            yield f"  left out {count:,}: {reason}"
    elbo = f"{fixed(r.elbo, 5)} ± {fixed(r.elbo_se, 5)} nats"
    yield f"negative ELBO per row: {elbo} ({r.passes} full passes)"
    unweighed = left_out_sites(fitted)
    shares = ", ".join(
        f"{name} {fixed(value, 4)}{' (weight 0)' if name in unweighed else ''}"
        for name, value in r.parts.items()
    )
    if shares:
        yield from textwrap.wrap(
            f"by site: {shares}", WIDTH, initial_indent="  ", subsequent_indent="    "
        )
    if r.kept is not None:
        yield f"  kept the state of epoch {r.kept:,}, the best by {kept_by(r)}"
    for name, value in r.kl.items():
        yield f"  latent {name}: {fixed(value, 4)} nats per row from its prior{_use(r, name)}"
        if len(cells := divergence_by_dimension(r, name)) > 1:
            yield from textwrap.wrap(
                "by dimension: " + ", ".join(fixed(cell, 3) for cell in cells),
                WIDTH,
                initial_indent="    ",
                subsequent_indent="      ",
            )
    for name, value in r.terms.items():
        if name != "elbo":
            balance = f", R = {r.balance[name]:.5g}" if name in r.balance else ""
            weight = f", weight {r.weights[name]:.4g}" if name in r.weights else ""
            yield f"  loss {name}: {value:.5g}{weight}{balance}"
    for b in r.boundary:
        word = "is at" if b.reached else "heads for"
        yield f"  {b.name} = {b.value:.4f} {word} its floor {b.floor:g} (no interior optimum)"
    for guide in r.guides.values():
        state = "converged" if guide.converged else "NOT converged"
        title = guide.name.replace("_", " ")
        yield f"  guide {title}: {state}, negative ELBO {fixed(guide.elbo, 4)}"
    if r.sampling is not None:
        worst = max(r.sampling.r_hat.values(), default=float("nan"))
        chains = f"{r.sampling.chains} chains of {r.sampling.samples} draws"
        yield f"  {chains}, largest R-hat {worst:.4f}, {r.sampling.divergences} divergent"
