"""Counterfactuals as text: first what they rest on, then a summary by world."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from causaldsl.counterfactual.prediction import Summary
from causaldsl.counterfactual.result import (
    CounterfactualResult,
    WorldResult,
    by_cell,
    images_of,
)
from causaldsl.reports.document import figure

_WIDTH = 80
_ROUNDING = 1e-12  # what is left of zero after floating-point arithmetic


def _wrapped(label: str, text: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=f"{label:12} ", subsequent_indent=" " * 13,
        break_long_words=False, break_on_hyphens=False,
    ) or [f"{label:12} none"]  # fmt: skip


def head_lines(
    result: CounterfactualResult, model: str, remarks: Sequence[str] = ()
) -> Iterator[str]:
    """Yield what was asked, and everything that the numbers rest on."""
    yield from _wrapped("model", model)
    for remark in remarks:
        yield from _wrapped("note", remark)
    yield from _wrapped("do", result.intervention)
    yield from _wrapped("evidence", ", ".join(result.evidence) or "nothing")
    yield from _wrapped("draws", f"{result.draws} a row, seed {result.seed}")
    for reason in result.reasons:
        yield from _wrapped("engine", reason)
    couplings = ", ".join(f"{n} {c}" for n, c in result.couplings.items())
    yield from _wrapped("coupling", couplings or "nothing moves")
    for sentence in result.assumptions:
        yield from _wrapped("assumed", sentence)
    if result.ess is not None:
        low, mid = float(result.ess.min()), float(result.ess.median())
        text = f"{mid:.0f} in the median row, {low:.1f} in the worst, of {result.draws} draws"
        yield from _wrapped("ESS", text)
    images = images_of(result)
    if images:
        names = ", ".join(f"`{n}`" for n in images)
        said = "pictures have no columns, their pixels are left out (`causaldsl pictures`)"
        yield from _wrapped("note", f"{names}: {said}")
    yield ""


def summary_lines(result: CounterfactualResult) -> Iterator[str]:
    """Yield each world's means over its rows beside the facts of the same rows."""
    yield "Means over rows; V_sd is abduction noise at fixed parameters, and holds no"
    yield "uncertainty about the parameters."
    for world in result.worlds:
        yield ""
        count = len(world.rows)
        yield f"{world.name}: {count:,} row{'' if count == 1 else 's'}"
        if count:
            yield from _aligned([_HEAD, *_world_rows(result, world)])
            yield from _level_lines(result, world)
            yield from _unmoved_lines(result, world)


#: Arrays of more cells are listed cell by cell only where one of them moves.
_FEW_CELLS = 4
_HEAD = ("", "fact", "counterfactual", "change", "V_sd")


def _world_rows(result: CounterfactualResult, world: WorldResult) -> Iterator[tuple[str, ...]]:
    """Yield a row for each variable with numbers: its mean here and there, and the noise."""
    facts_at = _positions(result, world)
    for name, there, factual in _columns(result, world):
        if there.is_level:
            continue
        facts = _each_row(factual, len(result.factual.rows))
        fact = sum(facts[k] for k in facts_at) / len(facts_at)
        value = float(there.mean.double().mean())
        sd = 0.0 if there.sd is None else float(there.sd.double().mean())
        scale = max(abs(fact), abs(value), 1.0)
        yield name, *(_figure(x, scale) for x in (fact, value, value - fact, sd))


def _level_lines(result: CounterfactualResult, world: WorldResult) -> Iterator[str]:
    """Yield in how many rows the most probable level of a variable is another one."""
    facts_at = _positions(result, world)
    for name, there, factual in _columns(result, world):
        if there.is_level:
            facts = _each_row(factual, len(result.factual.rows))
            values = _each_row(there, len(world.rows))
            moved = sum(facts[k] != value for k, value in zip(facts_at, values, strict=True))
            share = f"{100 * moved / len(values):.1f} %"
            yield f"  {name}: another most probable level in {moved:,} rows ({share})"


def _columns(
    result: CounterfactualResult, world: WorldResult
) -> Iterator[tuple[str, Summary, Summary]]:
    """Yield each scalar and each cell of an array, there and in the facts."""
    left_out = {*images_of(result), *_unmoved(result, world)}
    for name, there in world.variables.items():
        if name not in left_out:
            facts = by_cell(name, result.factual.variables[name])
            for title, cell in by_cell(name, there).items():
                yield title, cell, facts[title]


def _unmoved(result: CounterfactualResult, world: WorldResult) -> Iterator[str]:
    """Yield the long arrays that are in every row what they are in the facts."""
    images = images_of(result)
    at = _positions(result, world)
    for name, there in world.variables.items():
        many = there.mean.dim() == 2 and there.mean.shape[1] > _FEW_CELLS
        if not many or name in images:
            continue
        if bool((there.mean == result.factual.variables[name].mean[at]).all()):
            yield name


def _unmoved_lines(result: CounterfactualResult, world: WorldResult) -> Iterator[str]:
    names = [f"{n} ({world.variables[n].mean.shape[1]} cells)" for n in _unmoved(result, world)]
    if names:
        yield from textwrap.wrap(
            f"as in the facts: {', '.join(names)}", _WIDTH, initial_indent="  ",
            subsequent_indent="    ",
        )  # fmt: skip


def _positions(result: CounterfactualResult, world: WorldResult) -> list[int]:
    position = {int(row): k for k, row in enumerate(result.factual.rows.tolist())}
    return [position[int(row)] for row in world.rows.tolist()]


def _each_row(summary: Summary, n: int) -> list[float]:
    found: list[float] = summary.mean.double().expand(n).tolist()
    return found


def _figure(value: float, scale: float) -> str:
    return figure(0.0 if abs(value) < _ROUNDING * scale else value)


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for first, *rest in rows:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        yield "  ".join(["", first.ljust(widths[0]), *cells]).rstrip()
