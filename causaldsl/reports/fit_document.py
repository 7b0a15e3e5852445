"""A fit as a document: how it ended, its ELBO by site, its latents, boundaries and parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from causaldsl.inference.fitted import FitResult, FittedScm
from causaldsl.reports.document import Document, Table, figure, fixed
from causaldsl.reports.fit_text import fit_status, left_out_sites
from causaldsl.runtime.load import network_weights

_MOST_PARAMETERS = 40


def document_of_fit(fitted: FittedScm) -> Document:
    """Return the document of a fit."""
    result = fitted.result
    return Document(
        title=f"{fitted.compiled.scm.name}: {fit_status(result)}",
        assumptions=tuple(_how(result)),
        tables=tuple(_tables(fitted)),
        findings=tuple(f"{d.severity}[{d.code}]: {d.message}" for d in result.diagnostics),
    )


def _how(result: FitResult) -> Iterator[tuple[str, str]]:
    yield "method", result.method
    yield "rows", f"{result.n_rows:,}"
    if result.n_validation:
        yield "rows set apart", f"{result.n_validation:,}"
    for reason, count in result.dropped.items():
        if count:
            yield "left out", f"{count:,}: {reason}"
    yield "seed", str(result.seed)
    passes = f"mean of {result.passes} full passes"
    elbo = f"{fixed(result.elbo, 5)} ± {fixed(result.elbo_se, 5)} nats ({passes})"
    yield "negative ELBO per row", elbo


def _of(name: str, table: Mapping[str, float]) -> str:
    return figure(table[name]) if name in table else "-"


def _tables(fitted: FittedScm) -> Iterator[Table]:
    result = fitted.result
    unweighed = left_out_sites(fitted)
    sites = {f"{n} (weight 0)" if n in unweighed else n: v for n, v in result.parts.items()}
    yield _numbers("Negative ELBO per row", "site", "nats", sites)
    if result.units:
        yield _latents(result)
    losses = {name: value for name, value in result.terms.items() if name != "elbo"}
    if losses:
        rows = tuple(
            (name, figure(value), *(_of(name, table) for table in (result.weights, result.balance)))
            for name, value in losses.items()
        )
        yield Table(title="Losses", columns=("loss", "value", "weight", "R"), rows=rows)
    if result.boundary:
        bounds = tuple(
            (b.name, figure(b.value), figure(b.floor), "reached" if b.reached else "ahead")
            for b in result.boundary
        )
        yield Table(title="Boundary", columns=("parameter", "value", "floor", ""), rows=bounds)
    networks = network_weights(fitted.compiled, fitted.state)
    if networks:
        yield _networks(fitted, networks)
    of_networks = {name for names in networks.values() for name in names}
    values = {
        name: float(value)
        for name, value in fitted.params.items()
        if value.numel() == 1 and name not in of_networks
    }
    if values:
        yield _numbers("Parameters (encoded unit)", "parameter", "value", values)


def _networks(fitted: FittedScm, networks: Mapping[str, Mapping[str, int]]) -> Table:
    """Return each network's layers and size; guides' and players' are among them."""
    table = fitted.compiled.module.NETWORKS
    rows = []
    for name, sizes in networks.items():
        net = table[name]
        layers = ", ".join(map(str, net.get("sizes", ())))
        if "channels" in net:
            layers = f"{layers} and channels {', '.join(map(str, net['channels']))}"
        branches = str(net.get("levels", 1))
        rows.append((name, layers, branches, f"{sum(sizes.values()):,}"))
    columns = ("network", "layers", "branches", "weights")
    return Table(title="Networks", columns=columns, rows=tuple(rows))


def _latents(result: FitResult) -> Table:
    """Return each latent's divergence from its prior, and how much of it is in use."""
    rows = tuple(
        (
            name,
            figure(result.kl.get(name, sum(units.kl))),
            f"{units.active} of {len(units.spread)}",
            ", ".join(figure(cell) for cell in units.kl) if len(units.kl) > 1 else "-",
        )
        for name, units in result.units.items()
    )
    return Table(
        title="Latents",
        columns=("latent", "nats from the prior", "dimensions in use", "by dimension"),
        rows=rows,
        notes=(
            "a dimension is in use when the variance over the rows of its posterior mean, in "
            "variances of the prior, is above 0.01 (Burda et al. 2016)",
        ),
    )


def _numbers(title: str, what: str, unit: str, values: Mapping[str, float]) -> Table:
    shown = list(values.items())[:_MOST_PARAMETERS]
    left = len(values) - len(shown)
    return Table(
        title=title,
        columns=(what, unit),
        rows=tuple((name, figure(value)) for name, value in shown),
        notes=(f"and {left:,} more",) if left else (),
    )
