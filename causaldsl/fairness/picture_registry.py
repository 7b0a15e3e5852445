"""The register of metrics of made pictures; `registry` holds those of predictors.

A row here, an array function in `picture_metrics`, a measure in `measures.pictures` and a section
of `docs/metrics.md` are what a metric consists of. `requires` are words of `PictureSubject.has`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from causaldsl.diagnostics.model import FairnessError
from causaldsl.fairness.intervals import Resampling
from causaldsl.fairness.measures import pictures
from causaldsl.fairness.measures.pictures import PictureMeasure, PictureSubject
from causaldsl.fairness.measures.subject import MetricValue


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureMetricSpec:
    """A metric of made pictures: its name, formula, source and what it needs.

    `reference` is a key of ``docs/references.bib``. `unit` is ``pixel`` (0 to 1), ``share`` or
    ``none``.
    """

    name: str
    title: str
    formula: str
    reference: str
    requires: frozenset[str]
    unit: str
    lower_is_better: bool
    compute: PictureMeasure = field(repr=False, compare=False)


def _spec(
    name: str,
    title: str,
    formula: str,
    reference: str,
    requires: tuple[str, ...],
    unit: str,
    compute: PictureMeasure,
    *,
    lower_is_better: bool = True,
) -> PictureMetricSpec:
    return PictureMetricSpec(
        name=name,
        title=title,
        formula=formula,
        reference=reference,
        requires=frozenset(requires),
        unit=unit,
        lower_is_better=lower_is_better,
        compute=compute,
    )


_TRUTH = ("truth", "masks")

_SPECS = (
    _spec("pixel_error_caused", "pixel error, caused parts",
          r"mean_i mean_{p in caused_i} |x'_ip - x*_ip|", "kusner2017", _TRUTH, "pixel",
          pictures.measure_pixel_error_caused),
    _spec("pixel_error_correlated", "pixel error, correlated parts",
          r"mean_i mean_{p in correlated_i} |x'_ip - x*_ip|", "kusner2017", _TRUTH, "pixel",
          pictures.measure_pixel_error_correlated),
    _spec("pixel_error_rest", "pixel error, elsewhere",
          r"mean_i mean_{p elsewhere} |x'_ip - x*_ip|", "kusner2017", _TRUTH, "pixel",
          pictures.measure_pixel_error_rest),
    _spec("caused_moved", "share of the true change made",
          r"1 - sum_{caused} |x' - x*| / sum_{caused} |x - x*|", "kusner2017", _TRUTH, "share",
          pictures.measure_caused_moved, lower_is_better=False),
    _spec("attribute_accuracy", "attribute accuracy",
          r"mean_i mean_k 1[read_k(x'_i) = expected_ik]", "kim2021", ("reader",), "share",
          pictures.measure_attribute_accuracy, lower_is_better=False),
    _spec("fid", "Frechet distance of features",
          r"|m - m'|^2 + tr(C + C' - 2 (C^{1/2} C' C^{1/2})^{1/2})", "heusel2017", ("reader",),
          "none", pictures.measure_fid),
    _spec("identity_kept", "identity kept", r"mean_i 1[cos(z(x_i), z(x'_i)) > t]", "kim2021",
          ("reader", "identity"), "share", pictures.measure_identity_kept, lower_is_better=False),
)  # fmt: skip

PICTURE_METRICS: dict[str, PictureMetricSpec] = {spec.name: spec for spec in _SPECS}


def judge_pictures(
    subject: PictureSubject, resampling: Resampling | None = None
) -> dict[str, MetricValue]:
    """Return every metric that applies to made pictures, by name.

    Where the pictures do not allow one, such as a single row, its findings stand in its place.
    """
    found: dict[str, MetricValue] = {}
    for spec in PICTURE_METRICS.values():
        if spec.requires <= subject.has:
            found[spec.name] = _evaluate(spec, subject, resampling)
    return found


def _evaluate(
    spec: PictureMetricSpec, subject: PictureSubject, resampling: Resampling | None
) -> MetricValue:
    try:
        return spec.compute(subject, resampling)
    except FairnessError as refusal:
        return MetricValue(
            metric=spec.name,
            estimate=None,
            n_rows=len(subject.made),
            findings=refusal.diagnostics,
        )
