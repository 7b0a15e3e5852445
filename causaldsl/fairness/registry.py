"""The register of metrics: what each is called, says, needs and comes from.

A row here, a function in `metrics`, a measure and a section of `docs/metrics.md` are what a metric
consists of. `requires` are words of `Subject.has`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.diagnostics.suggest import did_you_mean
from causaldsl.fairness.intervals import Resampling
from causaldsl.fairness.measures import group, paired, prediction, truth, unit
from causaldsl.fairness.measures.subject import Measure, MetricValue, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """A metric: its name in tables, its formula, its source and what it needs.

    `reference` is a key of ``docs/references.bib``. `unit` is ``outcome`` (that of the outcome, or
    a probability for a binary one), ``share``, or ``none``.
    """

    name: str
    title: str
    formula: str
    reference: str
    requires: frozenset[str]
    unit: str
    lower_is_better: bool
    compute: Measure = field(repr=False, compare=False)


def _spec(
    name: str,
    title: str,
    formula: str,
    reference: str,
    requires: Iterable[str],
    unit_word: str,
    compute: Measure,
    *,
    lower_is_better: bool = True,
) -> MetricSpec:
    return MetricSpec(
        name=name,
        title=title,
        formula=formula,
        reference=reference,
        requires=frozenset(requires),
        unit=unit_word,
        lower_is_better=lower_is_better,
        compute=compute,
    )


_REAL, _BINARY = ("real outcome",), ("binary outcome",)
_WORLDS, _GROUPS, _EPSILON = ("worlds",), ("groups",), ("worlds", "epsilon")
_KERNEL_FORMULA = r"E k(A,A') + E k(B,B') - 2 E k(A,B), unbiased, RBF at the median distance"
_TRANSPORT_FORMULA = r"\int |F_A(t) - F_B(t)| dt"
_PAPER_MEAN = r"((mean A - mean B) / 0.003)^2"
_PAPER_COST = r"2 <T, M> / 0.005, entropic plan T of ten Sinkhorn iterations"

_SPECS = (
    _spec("rmse", "RMSE", r"sqrt(mean((Y - Yhat)^2))", "hastie2009", _REAL, "outcome",
          prediction.measure_rmse),
    _spec("mae", "MAE", r"mean(|Y - Yhat|)", "hastie2009", _REAL, "outcome",
          prediction.measure_mae),
    _spec("accuracy", "accuracy", r"mean(1[Yhat >= 1/2] = Y)", "hastie2009", _BINARY, "share",
          prediction.measure_accuracy, lower_is_better=False),
    _spec("auc", "AUC", r"P(Yhat_1 > Yhat_0) + P(Yhat_1 = Yhat_0) / 2", "delong1988", _BINARY,
          "share", prediction.measure_auc, lower_is_better=False),
    _spec("cf_gap", "counterfactual gap, mean", r"mean_i mean_s |Yhat_i - Yhat_i[S <- s']|",
          "kusner2017", _WORLDS, "outcome", unit.measure_cf_gap),
    _spec("cf_gap_p95", "counterfactual gap, 95th percentile",
          r"quantile_i(mean_s |Yhat_i - Yhat_i[S <- s']|, 0.95)", "kusner2017", _WORLDS,
          "outcome", unit.measure_cf_gap_p95),
    _spec("cf_gap_max", "counterfactual gap, largest",
          r"max_i mean_s |Yhat_i - Yhat_i[S <- s']|", "kusner2017", _WORLDS, "outcome",
          unit.measure_cf_gap_max),
    _spec("cf_mean_gap", "counterfactual gap of row means",
          r"mean_i |mean_s (Yhat_i - Yhat_i[S <- s'])|", "kusner2017", _WORLDS, "outcome",
          unit.measure_cf_mean_gap),
    _spec("cf_delta", "share beyond epsilon", r"mean_i P(|Yhat_i - Yhat_i[S <- s']| > epsilon)",
          "russell2017", _EPSILON, "share", unit.measure_cf_delta),
    _spec("cf_delta_max", "delta of approximate counterfactual fairness",
          r"max_i max_s' P(|Yhat_i - Yhat_i[S <- s']| > epsilon)", "russell2017", _EPSILON,
          "share", unit.measure_cf_delta_max),
    _spec("cf_mmd2", "counterfactual MMD^2", _KERNEL_FORMULA, "gretton2012", _WORLDS, "none",
          paired.measure_cf_mmd2),
    _spec("cf_w1", "counterfactual Wasserstein-1", _TRANSPORT_FORMULA, "vallender1974", _WORLDS,
          "outcome", paired.measure_cf_w1),
    _spec("mmd_exoc", "EXOC's MMD, counterfactual", _PAPER_MEAN, "tian2025", _WORLDS, "none",
          paired.measure_mmd_exoc),
    _spec("wass_exoc", "EXOC's Wass, counterfactual", _PAPER_COST, "tian2025", _WORLDS, "none",
          paired.measure_wass_exoc),
    _spec("group_mean_difference", "group difference of means", r"|mean A - mean B|",
          "dwork2012", _GROUPS, "outcome", group.measure_group_mean),
    _spec("group_mmd2", "group MMD^2", _KERNEL_FORMULA, "gretton2012", _GROUPS, "none",
          group.measure_group_mmd2),
    _spec("group_w1", "group Wasserstein-1", _TRANSPORT_FORMULA, "vallender1974", _GROUPS,
          "outcome", group.measure_group_w1),
    _spec("group_mmd_exoc", "EXOC's MMD, groups", _PAPER_MEAN, "tian2025", _GROUPS, "none",
          group.measure_group_mmd_exoc),
    _spec("group_wass_exoc", "EXOC's Wass, groups", _PAPER_COST, "tian2025", _GROUPS, "none",
          group.measure_group_wass_exoc),
    _spec("true_gap", "gap on the true counterfactuals",
          r"mean_i |Yhat_i - Yhat_i[S <- s'] on true rows|", "kusner2017", ("truth",), "outcome",
          truth.measure_true_gap),
    _spec("gap_error", "error of the row gaps", r"mean_i |gap_i - true gap_i|", "kusner2017",
          ("worlds", "truth"), "outcome", truth.measure_gap_error),
)  # fmt: skip

METRICS: dict[str, MetricSpec] = {spec.name: spec for spec in _SPECS}


def find_metrics(names: Sequence[str] | None, has: frozenset[str]) -> tuple[MetricSpec, ...]:
    """Return the metrics asked for, or all that apply to subjects of this kind.

    Raises
    ------
    FairnessError
        CD803 for each unknown name, CD808 for each metric whose requirements are not met.
    """
    if names is None:
        return tuple(spec for spec in METRICS.values() if spec.requires <= has)
    findings = [unknown_metric(name) for name in names if name not in METRICS]
    known = [METRICS[name] for name in names if name in METRICS]
    findings += [
        unmet_requirement(spec, sorted(spec.requires - has))
        for spec in known
        if spec.requires - has
    ]
    if findings:
        raise FairnessError(findings)
    return tuple(known)


def evaluate(spec: MetricSpec, subject: Subject, resampling: Resampling | None) -> MetricValue:
    """Return the metric of a subject; where these rows do not allow it, the reason instead."""
    try:
        return spec.compute(subject, resampling)
    except FairnessError as refusal:
        return MetricValue(
            metric=spec.name,
            estimate=None,
            n_rows=len(subject.predicted),
            findings=refusal.diagnostics,
        )


def unknown_metric(name: str) -> Diagnostic:
    """CD803: no metric of this name."""
    return diagnostic(
        "CD803",
        f"unknown metric `{name}`",
        notes=(f"known: {', '.join(METRICS)}",),
        hint=did_you_mean(name, METRICS),
    )


def unmet_requirement(spec: MetricSpec, missing: Sequence[str]) -> Diagnostic:
    """CD808: the metric was asked for, but the outcome, the model or the rows do not fit it."""
    return diagnostic(
        "CD808", f"metric `{spec.name}` needs {' and '.join(missing)}, which is not there"
    )
