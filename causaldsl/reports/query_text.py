"""Queries as text: each one's estimate, its interval, and what it rests on."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from causaldsl.counterfactual.query import QueryResult
from causaldsl.reports.document import figure

_WIDTH = 80
_NORMAL_95 = 1.959964


def query_interval(result: QueryResult) -> tuple[float, float]:
    """Return the 95% interval of the Monte Carlo error."""
    margin = _NORMAL_95 * result.std_error
    return result.estimate - margin, result.estimate + margin


def query_lines(name: str, result: QueryResult, assumptions: Sequence[str]) -> Iterator[str]:
    """Yield a query's value and what it rests on."""
    low, high = query_interval(result)
    yield from textwrap.wrap(f"{name} = {result.text}", _WIDTH, subsequent_indent="  ")
    yield f"  estimate  {_figure(result.estimate, result)}"
    yield f"  interval  {_figure(low, result)} .. {_figure(high, result)} (95%, Monte Carlo)"
    fewest = (
        f", {result.least_rows:,} of them with the facts"
        if result.least_rows < result.n_rows
        else ""
    )
    yield f"  rows      {result.n_rows:,} drawn{fewest}, seed {result.seed}"
    for sentence in assumptions:
        yield from textwrap.wrap(
            sentence, _WIDTH, initial_indent="  assumed   ", subsequent_indent=" " * 12,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip


def _figure(value: float, result: QueryResult) -> str:
    """Return a number without the noise of rounding beside the query's own size."""
    scale = max(abs(result.estimate), result.std_error)
    return figure(0.0 if abs(value) < 1e-12 * scale else value)
