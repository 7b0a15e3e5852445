"""Results as JSON and CSV for other programs: plain fields, every value of every split.

A missing value is null (JSON) or an empty cell (CSV), never NaN.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from causaldsl.bench.table import FairnessTable
from causaldsl.diagnostics.model import Diagnostic
from causaldsl.fairness.audit import FairnessReport
from causaldsl.fairness.registry import METRICS

FORMAT_VERSION = 1


def render_json(result: FairnessTable | FairnessReport) -> str:
    """Return a comparison or an audit with all its values; metrics carry title and formula."""
    names = (
        result.metrics
        if isinstance(result, FairnessTable)
        else tuple(dict.fromkeys(name for values in result.values.values() for name in values))
    )
    body = {
        "format": "causaldsl-comparison"
        if isinstance(result, FairnessTable)
        else "causaldsl-audit",
        "version": FORMAT_VERSION,
        "metrics_glossary": {name: _glossary(name) for name in names},
        **_plain(result),
    }
    if isinstance(result, FairnessTable):
        body["summaries"] = list(_summaries(result))
    return json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _glossary(name: str) -> dict[str, Any]:
    spec = METRICS[name]
    return {
        "title": spec.title,
        "formula": spec.formula,
        "reference": spec.reference,
        "unit": spec.unit,
        "lower_is_better": spec.lower_is_better,
    }


def _summaries(table: FairnessTable) -> Iterable[dict[str, Any]]:
    for method in table.methods:
        worlds = tuple(
            dict.fromkeys(r.world for r in table.records if r.method == method and r.world)
        )
        for metric in table.metrics:
            for world in worlds if "worlds" in METRICS[metric].requires else (None,):
                summary = table.summary(method, metric, world)
                if summary is not None:
                    place = {"method": method, "world": world, "metric": metric}
                    floor = table.floor(method, metric, world)
                    yield {**place, **_plain(summary), "floor": floor}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of a result
    """Return dataclasses, mappings and sequences as what JSON knows."""
    if isinstance(value, Diagnostic):  # without the source texts that its labels point into
        shown = ("code", "severity", "message", "place", "hint")
        return {name: getattr(value, name) for name in shown}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def render_csv(result: FairnessTable | FairnessReport) -> str:
    """Return one line per value: of each split (comparison), or of each metric (audit)."""
    rows = _comparison_rows(result) if isinstance(result, FairnessTable) else _audit_rows(result)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _comparison_rows(table: FairnessTable) -> Iterable[tuple[Any, ...]]:
    yield "seed", "method", "world", "metric", "value", "floor"
    for record in table.records:
        yield (
            record.seed,
            record.method,
            record.world or "",
            record.metric,
            _cell(record.value),
            _cell(record.floor),
        )
    for error in table.outcome_errors:
        yield error.seed, error.model, error.world, "cf_outcome_rmse", _cell(error.value), ""


def _audit_rows(report: FairnessReport) -> Iterable[tuple[Any, ...]]:
    yield "predictor", "metric", "estimate", "low", "high", "floor", "p_value", "rows"
    for name, values in report.values.items():
        for metric, value in values.items():
            interval, floor = value.interval, value.floor
            yield (
                name,
                metric,
                _cell(value.estimate),
                _cell(interval.low if interval else None),
                _cell(interval.high if interval else None),
                _cell(floor.upper if floor else None),
                _cell(floor.p_value if floor else None),
                value.n_rows,
            )


def _cell(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else repr(float(value))
