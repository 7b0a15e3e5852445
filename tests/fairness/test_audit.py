"""The audit on a world whose counterfactuals are known by construction."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from causaldsl.diagnostics.model import FairnessError
from causaldsl.fairness.audit import AuditConfig, audit
from causaldsl.fairness.intervals import Resampling
from causaldsl.fairness.predictor import Roles, group_labels
from causaldsl.fairness.registry import METRICS, find_metrics
from causaldsl.fairness.worlds import CounterfactualRows, World, predict_worlds
from causaldsl.vocabulary.domains import Binary, Categorical, Ordered, Real

LEVELS = ("White", "Black", "Asian")
SHIFT = np.array([0.0, -1.0, -0.4])  # the effect of each level on G; K is untouched
ROLES = Roles(
    sensitive=("S",),
    features=("G", "K"),
    outcome="Y",
    domains={"S": Categorical(LEVELS), "G": Real(), "K": Real(), "Y": Real()},
)
FAST = AuditConfig(epsilon=0.5, resampling=Resampling(resamples=40))


@dataclass(frozen=True)
class Linear:
    """A predictor that is a weighted sum of columns."""

    name: str
    weights: dict

    @property
    def features(self):
        return tuple(self.weights)

    def predict(self, columns):
        return sum(weight * columns[name] for name, weight in self.weights.items())


USES_G = Linear("uses G", {"G": 2.0})
USES_K = Linear("uses K", {"K": 1.0})


def make_world(n=60, draws=3, seed=0, levels=LEVELS):
    """Return columns and counterfactual rows of G = K + shift[S] + noise; Y does not matter."""
    rng = np.random.default_rng(seed)
    s = rng.permutation(np.arange(n) % 3).astype(float)
    k, noise = rng.normal(size=n), rng.normal(size=n)
    columns = {"S": s, "K": k, "G": k + SHIFT[s.astype(int)] + noise, "Y": rng.normal(size=n)}
    worlds = tuple(
        World(
            name=f"S <- {level}",
            assignment={"S": float(code)},
            columns={
                "S": np.full((draws, n), float(code)),
                "K": np.tile(k, (draws, 1)),
                "G": np.tile(k + SHIFT[code] + noise, (draws, 1)),
                "Y": np.tile(columns["Y"], (draws, 1)) + SHIFT[code],
            },
            differs=s != code,
        )
        for code, level in enumerate(levels)
    )
    rows = CounterfactualRows(
        model="by construction",
        factual={name: columns[name] for name in ("S", "G", "K")},
        worlds=worlds,
        evidence=("S", "G", "K"),
        couplings={"G": "additive"},
        draws=draws,
        seed=seed,
    )
    return columns, rows


def values_of(predictors, columns, rows, roles=ROLES, config=FAST):
    return audit(predictors, columns, roles, rows=rows, config=config).values


def test_the_gap_of_a_known_effect_is_its_size():
    columns, rows = make_world()
    gap = values_of([USES_G], columns, rows)["uses G"]["cf_gap"]
    # the other two levels, 2 * |difference of shifts| each, averaged; twenty rows of each level
    white, black, asian = 2 * (1 + 0.4) / 2, 2 * (1 + 0.6) / 2, 2 * (0.4 + 0.6) / 2
    assert gap.estimate == pytest.approx((white + black + asian) / 3)
    assert dict(gap.by) == pytest.approx({"White": white, "Black": black, "Asian": asian})
    assert gap.interval.low < gap.estimate < gap.interval.high


def test_counterfactual_metrics_are_zero_where_no_path_leads_to_the_prediction():
    columns, rows = make_world()
    values = values_of([USES_K], columns, rows)["uses K"]
    zero = ("cf_gap", "cf_gap_p95", "cf_gap_max", "cf_mean_gap", "cf_delta", "cf_delta_max")
    for name in (*zero, "cf_w1", "mmd_exoc"):
        assert values[name].estimate == 0.0, name
    assert values["cf_mmd2"].estimate == pytest.approx(0.0, abs=1e-14)
    assert values["cf_w1"].floor.p_value == 1.0
    assert values["cf_mmd2"].interval.low == 0.0


def test_equal_groups_say_nothing_about_counterfactuals():
    columns, rows = make_world(n=3000)
    fair = Linear("undone", {"G": 1.0, "S": 0.0})
    same_groups = dict(columns, G=columns["G"] - SHIFT[columns["S"].astype(int)])
    rows = replace(rows, factual={**rows.factual, "G": same_groups["G"]})
    values = values_of([fair], same_groups, rows)["undone"]
    assert values["group_w1"].estimate < 0.1 < 0.3 < values["cf_gap"].estimate


def test_a_large_effect_stands_out_of_its_noise_floor():
    columns, rows = make_world(n=300)
    values = values_of([USES_G], columns, rows)["uses G"]
    for name in ("cf_mmd2", "cf_w1", "mmd_exoc", "wass_exoc"):
        assert values[name].estimate > values[name].floor.upper, name
    for name in ("cf_mmd2", "cf_w1"):
        interval = values[name].interval
        assert 0 < interval.low < values[name].estimate < interval.high


def test_every_metric_is_the_same_in_any_order_of_rows():
    columns, rows = make_world()
    order = np.random.default_rng(1).permutation(60)
    shuffled = {name: column[order] for name, column in columns.items()}
    moved = replace(
        rows,
        factual={name: column[order] for name, column in rows.factual.items()},
        worlds=tuple(
            replace(
                world,
                columns={name: column[:, order] for name, column in world.columns.items()},
                differs=world.differs[order],
            )
            for world in rows.worlds
        ),
    )
    config = AuditConfig(epsilon=0.5, resampling=None)
    before = values_of([USES_G], columns, rows, config=config)["uses G"]
    after = values_of([USES_G], shuffled, moved, config=config)["uses G"]
    assert before.keys() == after.keys()
    for name in before:
        assert after[name].estimate == pytest.approx(before[name].estimate, rel=1e-9), name


def test_level_names_do_not_matter():
    columns, rows = make_world()
    other_levels = ("x", "y y", "z|z")
    other_roles = Roles(
        sensitive=("S",),
        features=("G", "K"),
        outcome="Y",
        domains={**ROLES.domains, "S": Categorical(other_levels)},
    )
    _, other_rows = make_world(levels=other_levels)
    before = values_of([USES_G], columns, rows)["uses G"]
    after = values_of([USES_G], columns, other_rows, other_roles)["uses G"]
    for name in before:
        assert after[name].estimate == before[name].estimate, name
        assert after[name].floor == before[name].floor, name


def test_the_order_of_levels_does_not_matter_to_estimates():
    columns, rows = make_world()
    reordered = replace(rows, worlds=rows.worlds[::-1])
    config = AuditConfig(epsilon=0.5, resampling=None)
    before = values_of([USES_G], columns, rows, config=config)["uses G"]
    after = values_of([USES_G], columns, reordered, config=config)["uses G"]
    for name in ("cf_gap", "cf_delta_max", "cf_mmd2", "cf_w1", "mmd_exoc"):
        assert after[name].estimate == pytest.approx(before[name].estimate, rel=1e-9), name


def test_the_floor_of_a_gap_is_what_setting_the_own_value_does():
    columns, rows = make_world()
    noisy = tuple(
        replace(world, columns={**world.columns, "G": world.columns["G"] + 0.25})
        for world in rows.worlds
    )
    values = values_of([USES_G], columns, replace(rows, worlds=noisy))["uses G"]
    assert values["cf_gap"].floor.upper == pytest.approx(0.5)
    assert values["cf_gap"].floor.method == "do(own value)"


def test_one_world_is_compared_with_the_facts_on_the_rows_that_it_changes():
    columns, rows = make_world()
    only = replace(rows, worlds=rows.worlds[1:2])
    values = values_of([USES_G], columns, only)["uses G"]
    assert values["cf_gap"].n_rows == 40
    assert values["cf_gap"].estimate == pytest.approx((2 * 1.0 + 2 * 0.6) / 2)
    assert list(values["cf_w1"].by) == ["factual | S <- Black"]


def test_a_world_that_changes_no_row_leaves_a_finding_instead_of_a_number():
    columns, rows = make_world()
    still = tuple(replace(world, differs=np.zeros(60, dtype=bool)) for world in rows.worlds[:1])
    report = audit([USES_G], columns, ROLES, rows=replace(rows, worlds=still), config=FAST)
    assert report.values["uses G"]["cf_gap"].estimate is None
    assert {finding.code for finding in report.findings} == {"CD808"}


def test_a_predictor_reads_only_what_it_names():
    _columns, rows = make_world()

    @dataclass(frozen=True)
    class Nosy:
        name: str = "nosy"
        features: tuple = ("K",)

        def predict(self, given):
            assert set(given) == {"K"}
            return given["K"]

    assert predict_worlds(Nosy(), rows).values.shape == (3, 3, 60)


def test_the_outcome_is_never_handed_to_a_predictor():
    columns, _rows = make_world()
    with pytest.raises(KeyError):
        audit([Linear("cheat", {"Y": 1.0})], columns, ROLES, config=FAST)


def test_a_feature_that_the_world_model_lacks_is_named():
    columns, rows = make_world()
    short = tuple(
        replace(world, columns={"S": world.columns["S"], "K": world.columns["K"]})
        for world in rows.worlds
    )
    with pytest.raises(FairnessError) as refusal:
        audit([USES_G], columns, ROLES, rows=replace(rows, worlds=short), config=FAST)
    assert refusal.value.diagnostics[0].code == "CD811"
    assert "`G`" in refusal.value.diagnostics[0].message


def test_non_finite_predictions_are_refused_with_their_rows():
    columns, _rows = make_world()
    broken = dict(columns, G=np.where(np.arange(60) == 7, np.nan, columns["G"]))
    with pytest.raises(FairnessError) as refusal:
        audit([USES_G], broken, ROLES, config=FAST)
    assert refusal.value.diagnostics[0].code == "CD805"
    assert refusal.value.diagnostics[0].place == "rows 7"


def test_a_group_of_one_row_is_left_out_and_reported():
    columns, _ = make_world()
    s = np.zeros(60)
    s[0], s[1:20] = 2.0, 1.0
    report = audit([USES_G], dict(columns, S=s), ROLES, config=FAST)
    value = report.values["uses G"]["group_w1"]
    assert list(value.by) == ["White | Black"]
    assert [finding.code for finding in report.findings] == ["CD801"]
    assert report.provenance.rows_by_group == {"White": 40, "Black": 19, "Asian": 1}


def test_the_auc_of_a_one_class_test_set_is_a_finding():
    columns, _ = make_world()
    roles = replace(ROLES, domains={**ROLES.domains, "Y": Binary()})
    report = audit([USES_K], dict(columns, Y=np.ones(60)), roles, config=FAST)
    assert report.values["uses K"]["auc"].estimate is None
    assert [finding.code for finding in report.findings] == ["CD802"]


def test_no_sensitive_variable_is_refused():
    with pytest.raises(FairnessError) as refusal:
        replace(ROLES, sensitive=())
    assert refusal.value.diagnostics[0].code == "CD804"


@pytest.mark.parametrize("domain", [Categorical(LEVELS), Ordered(("a", "b", "c"))])
def test_an_outcome_of_three_levels_is_refused(domain):
    with pytest.raises(FairnessError) as refusal:
        _ = replace(ROLES, domains={**ROLES.domains, "Y": domain}).outcome_kind
    assert refusal.value.diagnostics[0].code == "CD806"


def test_an_unknown_metric_gets_the_nearest_name():
    with pytest.raises(FairnessError) as refusal:
        find_metrics(["cf_gpa"], frozenset({"worlds"}))
    assert refusal.value.diagnostics[0].code == "CD803"
    assert refusal.value.diagnostics[0].hint == "did you mean `cf_gap`?"


def test_a_metric_that_does_not_apply_is_refused_when_asked_for():
    columns, _ = make_world()
    with pytest.raises(FairnessError) as refusal:
        audit([USES_K], columns, ROLES, config=AuditConfig(metrics=("auc", "rmse")))
    assert [d.code for d in refusal.value.diagnostics] == ["CD808"]


def test_several_sensitive_variables_form_groups_of_their_combinations():
    roles = replace(ROLES, sensitive=("S", "sex"), domains={**ROLES.domains, "sex": Binary()})
    columns = {"S": np.array([0.0, 1.0, 0.0]), "sex": np.array([1.0, 0.0, 1.0])}
    groups, names = group_labels(columns, roles, ("S", "sex"))
    assert names == ("White & 1", "Black & 0")
    assert groups.tolist() == [0, 1, 0]


def test_a_real_sensitive_variable_forms_no_groups():
    roles = replace(ROLES, sensitive=("G",), features=("K",))
    columns, _ = make_world()
    report = audit([USES_K], columns, roles, config=FAST)
    assert not any(name.startswith("group") for name in report.values["uses K"])


def test_against_the_truth_a_right_world_model_has_no_error():
    columns, rows = make_world()
    report = audit([USES_G], columns, ROLES, rows=rows, truth=rows, config=FAST)
    values = report.values["uses G"]
    assert values["gap_error"].estimate == 0.0
    assert values["true_gap"].estimate == pytest.approx(values["cf_gap"].estimate)
    assert set(report.outcome_errors.values()) == {0.0}


def test_against_the_truth_a_wrong_world_model_shows_its_error():
    columns, truth = make_world()
    wrong = replace(
        truth,
        worlds=tuple(
            replace(
                world,
                columns={
                    **world.columns,
                    "G": truth.factual["G"] + 0 * world.columns["G"],  # says: S has no effect
                    "Y": world.columns["Y"] + 0.5,
                },
            )
            for world in truth.worlds
        ),
    )
    report = audit([USES_G], columns, ROLES, rows=wrong, truth=truth, config=FAST)
    values = report.values["uses G"]
    assert values["cf_gap"].estimate == 0.0
    assert values["gap_error"].estimate == pytest.approx(values["true_gap"].estimate)
    assert report.outcome_errors["S <- Black"] == pytest.approx(0.5)


def test_without_resampling_there_are_estimates_alone():
    columns, rows = make_world()
    values = values_of([USES_G], columns, rows, config=AuditConfig(resampling=None))["uses G"]
    assert all(value.interval is None and value.floor is None for value in values.values())
    assert "cf_delta" not in values


def test_provenance_tells_what_the_numbers_rest_on():
    columns, rows = make_world()
    provenance = audit([USES_G], columns, ROLES, rows=rows, config=FAST).provenance
    assert provenance.world_model == "by construction"
    assert provenance.evidence == ("S", "G", "K")
    assert provenance.couplings == {"G": "additive"}
    assert (provenance.draws, provenance.rows, provenance.epsilon) == (3, 60, 0.5)


def test_metric_names_are_their_keys_and_every_one_has_a_formula():
    assert all(name == spec.name and spec.formula and spec.title for name, spec in METRICS.items())
