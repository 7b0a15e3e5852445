"""Counterfactuals as text: first what they rest on, then a summary by world."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from causaldsl.counterfactual.result import CounterfactualResult
from causaldsl.reports.document import figure

_WIDTH = 80


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
    yield ""


def summary_lines(result: CounterfactualResult) -> Iterator[str]:
    """Yield each world's means over its rows beside the facts of the same rows."""
    numeric = [n for n, s in result.factual.variables.items() if s.probability is None]
    position = {int(r): k for k, r in enumerate(result.factual.rows.tolist())}
    width = max([8, *(len(w.name) for w in result.worlds)])
    yield "means over rows: the fact -> the counterfactual"
    yield "V_sd: abduction noise at fixed parameters, no uncertainty about the parameters"
    for world in result.worlds:
        yield f"{world.name:{width}}  {len(world.rows):,} rows"
        index = [position[int(r)] for r in world.rows.tolist()]
        if not index:
            continue
        for name in numeric:
            there, here = world.variables[name], result.factual.variables[name]
            facts = here.mean.double().expand(len(position)).tolist()
            fact = sum(facts[k] for k in index) / len(index)
            value = float(there.mean.double().mean())
            spread = there.sd
            noise = "" if spread is None else f"   V_sd {figure(float(spread.mean()))}"
            yield f"  {name:{width}} {figure(fact):>10} -> {figure(value):>10}{noise}"
