"""DCEVAE's protocol on a small table: what is asked, read off fits, decoded, and printed."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from causaldsl import pipeline
from causaldsl.bench import dcevae
from causaldsl.bench.dcevae import REAL, DcevaeConfig, as_numbers, ask
from causaldsl.bench.effects_protocol import ADULT_STRATA
from causaldsl.bench.protocols import DataSet
from causaldsl.bench.scm_models import columns_of
from causaldsl.data.binding import bind
from causaldsl.data.schema import schema_of
from causaldsl.diagnostics.model import FairnessError
from causaldsl.fairness.predictor import Roles
from causaldsl.inference.states import cloned
from causaldsl.mitigation.abducted import roles_of
from causaldsl.reports.dcevae_tables import render_dcevae
from causaldsl.runtime.scope import isolated
from causaldsl.source import SourceFile
from causaldsl.vocabulary.domains import Binary, Categorical, Image, Real

TEXT = """scm NAME
sensitive a : binary
observed r : {p, q}
observed d, x : real
outcome y : binary
latent u
u -> r
u, a -> d, x, y
guide u ~ Normal(mlp(r, d, x, a, y; hidden=[4]))
loss elbo(weights={a: 0})
train epochs=2, batch_size=64, learning_rate=0.01
"""
QUICK = {"epochs": 2, "passes": 2}


def model(name="first", text=TEXT):
    return pipeline.checked_scm(SourceFile(path=f"{name}.scm", text=text.replace("NAME", name)))


def frame(n=150, seed=0):
    rng = np.random.RandomState(seed)
    u, a = rng.randn(n), rng.randint(0, 2, n)
    return pd.DataFrame(
        {
            "a": a,
            "r": np.where(u + rng.randn(n) > 0, "q", "p"),
            "d": u + a + rng.randn(n),
            "x": u - a + rng.randn(n),
            "y": (u + a + rng.randn(n) > 0.5).astype(int),
        }
    )


def comparison(models, table, **options):
    settings = {"seeds": (1,), "draws": 3, "words": QUICK, "strata": ["r"], **options}
    return pipeline.compare_effects(models, table, **settings)


@pytest.fixture(scope="module", name="found")
def make_found():
    return comparison([model("first"), model("second")], frame())


# --- what is asked


ROLES = Roles(
    sensitive=("a",),
    features=("S", "b", "x"),
    outcome="y",
    domains={
        "a": Binary(), "S": Categorical(("p", "q", "s")), "b": Binary(), "x": Real(), "y": Binary(),
    },
)  # fmt: skip


def roles_with(**domains):
    return Roles(
        sensitive=ROLES.sensitive,
        features=ROLES.features,
        outcome=ROLES.outcome,
        domains={**ROLES.domains, **domains},
    )


def refusals(roles, **options):
    with pytest.raises(FairnessError) as refused:
        ask(roles, DcevaeConfig(seeds=(1,), **options))
    assert {d.code for d in refused.value.diagnostics} == {"CD808"}
    return " ".join(d.message for d in refused.value.diagnostics)


def test_an_effect_needs_two_levels_of_both():
    assert "`a` is {p, q, s}" in refusals(roles_with(a=Categorical(("p", "q", "s"))))
    assert "`y` is real" in refusals(roles_with(y=Real()))


def test_pictures_are_refused():
    assert "`x` is a picture" in refusals(roles_with(x=Image(3, 8, 8)))


def test_strata_are_features_with_levels():
    assert "`x` is real" in refusals(ROLES, strata=("x",))
    assert "`a` is what is set" in refusals(ROLES, strata=("a",))
    assert "`z` is no feature" in refusals(ROLES, strata=("z",))
    asked = ask(ROLES, DcevaeConfig(seeds=(1,), strata=("S", "b")))
    assert asked.strata == {"S": ("p", "q", "s"), "b": ("0", "1")}


def test_several_sensitive_variables_need_a_choice():
    both = Roles(
        sensitive=("a", "b"), features=("S", "x"), outcome="y", domains=ROLES.domains
    )  # fmt: skip
    assert "`a`, `b` are sensitive" in refusals(both)
    assert "`S` is no sensitive variable" in refusals(both, sensitive="S")
    assert ask(both, DcevaeConfig(seeds=(1,), sensitive="b")).sensitive == "b"


def test_the_strata_of_binarised_adult_are_there_by_themselves():
    known = Roles(
        sensitive=("a",),
        features=("Race", "Native_Country"),
        outcome="y",
        domains=dict.fromkeys(("a", "Race", "Native_Country", "y"), Binary()),
    )
    asked = ask(known, DcevaeConfig(seeds=(1,)))
    assert asked.is_adult
    assert dict(asked.strata) == dict(ADULT_STRATA)
    other = ask(ROLES, DcevaeConfig(seeds=(1,)))
    assert (other.is_adult, dict(other.strata)) == (False, {})


def test_models_that_disagree_on_the_table_are_refused():
    other = model("second", TEXT.replace("d, x : real", "x : real\nobserved d : positive"))
    with pytest.raises(FairnessError) as refused:
        comparison([model("first"), other], frame())
    assert refused.value.diagnostics[0].code == "CD809"


# --- rows


def test_rows_become_numbers_for_classifiers():
    question = ask(ROLES, DcevaeConfig(seeds=(1,)))
    real = {"a": [0.0, 1.0], "S": [0, 2], "b": [1.0, 1.0], "x": [1.0, 5.0], "y": [0.0, 1.0]}
    real = {n: np.array(v) for n, v in real.items()}
    made = {**real, "x": np.array([3.0, 7.0])}
    found = as_numbers(made, real, question)
    assert {n: v.tolist() for n, v in found.columns.items()} == {
        "a": [0, 1], "S=p": [1, 0], "S=q": [0, 0], "S=s": [0, 1], "b": [1, 1], "x": [0, 2],
        "y": [0, 1],
    }  # fmt: skip
    assert found.counted == ("a", "S=p", "S=q", "S=s", "b", "y")


def test_cells_of_an_array_are_columns():
    question = ask(ROLES, DcevaeConfig(seeds=(1,)))
    rows = {n: np.zeros(2) for n in ROLES.observed} | {"b": np.array([[0.0, 1.0], [1.0, 1.0]])}
    found = as_numbers(rows, rows, question)
    assert found.columns["b2"].tolist() == [1, 1]


def test_rows_that_are_there_twice_are_taken_once():
    rng = np.random.default_rng(0)
    columns = {n: rng.normal(size=120) for n in ROLES.observed}
    columns |= {"b": rng.normal(size=(120, 2))}
    rows = np.concatenate([np.arange(120), np.arange(60, 120)])
    data = DataSet(name="t", columns={n: v[rows] for n, v in columns.items()}, roles=ROLES)
    plain, none = dcevae.rows_of(data, DcevaeConfig(seeds=(1,)))
    assert (plain.n_rows, none) == (180, 0)
    once, copies = dcevae.rows_of(data, DcevaeConfig(seeds=(1,), once=True))
    assert (once.n_rows, copies) == (120, 60)
    assert np.array_equal(once.columns["b"], columns["b"])


# --- figures


def test_the_row_of_the_table_is_its_observed_differences(found):
    table = frame()
    groups = table.groupby("a")["y"].mean()
    assert found.values(REAL, "TE")[1] == pytest.approx(groups[1] - groups[0])
    within = table.groupby(["r", "a"])["y"].mean().unstack()
    for level in "pq":
        expected = within.loc[level, 1] - within.loc[level, 0]
        assert found.values(REAL, f"CE r={level}")[1] == pytest.approx(expected)


def test_every_model_has_every_figure_on_every_split(found):
    names = {f.name for f in found.figures if f.method == "first"} - {"nats of sensitive"}
    assert not found.values("first", "nats of sensitive")  # a root, which no parent explains
    for method in ("first", "second"):
        for name in names:
            values = found.values(method, name)
            assert set(values) == {1}, name
            assert np.isfinite(list(values.values())).all(), name
    assert found.latents == {"first": "encoder", "second": "encoder"}


def test_figures_are_those_of_the_effects_command(found):
    table = frame()
    split = dcevae.dcevae_split(len(table), 1)
    fitted = pipeline.fit(
        model(), table.iloc[split.train].reset_index(drop=True), words={**QUICK, "seed": 1}
    )
    report = pipeline.effects(
        pipeline.answerer_of(fitted), table.iloc[split.test].reset_index(drop=True), ["a=a'"],
        by=["r"], draws=3, seed=1, objective="encoder",
    )  # fmt: skip
    ours = {
        ("abducted", "probability"): "TE",
        ("abducted", "sampled"): "TE sampled",
        ("without outcome", "probability"): "TE without outcome",
        ("prior", "probability"): "TE prior",
    }
    theirs = {(e.estimand, e.version): e.estimate for e in report.effects if e.group == "all"}
    for key, name in ours.items():
        assert found.values("first", name)[1] == pytest.approx(theirs[key], abs=1e-12), name
    strata = {
        e.name: e.estimate
        for e in report.effects
        if (e.group, e.estimand, e.version) == ("stratum", "abducted", "probability")
    }
    assert len(strata) == 2
    for name, value in strata.items():
        assert found.values("first", f"CE {name}")[1] == pytest.approx(value, abs=1e-12)


def test_the_error_of_effects_follows_from_them(found):
    ours, real = (
        [found.values(method, f"CE r={level}")[1] for level in "pq"] for method in ("first", REAL)
    )
    gaps = np.abs(np.subtract(ours, real))
    assert found.values("first", "CE error")[1] == pytest.approx(gaps.mean())


def test_validation_nats_are_the_elbo_without_the_sensitive_variable_s_term():
    scm, table = model(), frame()
    data = bind(table, schema_of(scm))
    fitted = pipeline._source(scm, data, QUICK).fit(
        columns_of(data), seed=1, progress=lambda _: None
    )
    question = ask(roles_of(scm), DcevaeConfig(seeds=(1,)))
    found = dcevae.validation_figures(fitted, columns_of(data), question, 0)
    module = fitted.compiled.module
    with isolated(7, cloned(fitted.state)), torch.no_grad():
        parts = [module.elbo_parts(data.batch(), data.n_rows)[0] for _ in range(400)]
    mean = {n: float(np.mean([float(p[n]) for p in parts])) for n in parts[0]}
    assert found["KL"] == pytest.approx(mean["u"], rel=1e-9)  # in closed form
    assert found["nats"] == pytest.approx(sum(mean.values()) - mean["a"], abs=0.05)
    assert found["nats of outcome"] == pytest.approx(mean["y"], abs=0.05)
    assert found["nats of sensitive"] is None


def test_a_sensitive_variable_with_parents_has_a_term_of_its_own():
    text = TEXT.replace("u -> r", "u -> r, a").replace("loss elbo(weights={a: 0})\n", "")
    scm, table = model(text=text), frame()
    data = bind(table, schema_of(scm))
    fitted = pipeline._source(scm, data, QUICK).fit(
        columns_of(data), seed=1, progress=lambda _: None
    )
    question = ask(roles_of(scm), DcevaeConfig(seeds=(1,)))
    found = dcevae.validation_figures(fitted, columns_of(data), question, 0)
    assert 0.3 < found["nats of sensitive"] < 3


def test_what_does_not_descend_from_the_flipped_variable_keeps_its_decoded_value():
    scm, table = model(), frame()
    data = bind(table, schema_of(scm))
    source = pipeline._source(scm, data, QUICK)
    question = ask(source.roles, DcevaeConfig(seeds=(1,)))
    columns = columns_of(data)
    fitted = source.fit(columns, seed=1, progress=lambda _: None)
    tables = dcevae.decoded_tables(fitted, columns, question, 1)
    assert np.array_equal(tables["factual"]["r"], tables["counterfactual"]["r"])
    assert np.array_equal(tables["factual"]["a"], columns["a"])
    assert np.array_equal(tables["counterfactual"]["a"], 1 - columns["a"])
    assert not np.array_equal(tables["factual"]["d"], tables["counterfactual"]["d"])


# --- printed


def test_the_document_has_the_paper_s_form(found):
    text = render_dcevae(found, ".txt")
    assert "first, second on table by DCEVAE's protocol" in text
    head = next(line for line in text.splitlines() if line.split()[:2] == ["method", "TE"])
    assert head.split() == ["method", "TE", "o1", "o2", "CE", "error", "mean", "CE"]
    assert "o2: r=q" in text
    assert "Published" not in text  # another question than the paper's
    assert render_dcevae(found, ".md").startswith("# first, second")


def test_known_figures_stand_beside_the_same_question_alone(found):
    text = render_dcevae(replace(found, is_adult=True, n_rows=65_123), ".txt")
    assert "0.1936" in text
    assert "the cells of CausalGAN" in " ".join(text.split())
    assert "run again" in text
    said = " ".join(text.split())
    assert said.count("from the published file, 65,123 rows") == 2
    assert "a_f: the weight of the fairness term" in said


@pytest.mark.parametrize(("rows", "is_there"), [(48_842, True), (3_000, False)])
def test_known_figures_stand_beside_the_published_rows_alone(found, rows, is_there):
    text = render_dcevae(replace(found, is_adult=True, n_rows=rows), ".txt")
    assert ("Published" in text) == ("run again" in text) == is_there


def test_without_strata_there_are_no_columns_of_strata(found):
    text = render_dcevae(replace(found, strata=()), ".txt")
    head = next(line for line in text.splitlines() if line.split()[:2] == ["method", "TE"])
    assert head.split() == ["method", "TE"]
    assert "CE error" not in text
    assert "--by" in text


def test_rows_taken_once_say_where_no_copy_is_found(found):
    said = " ".join(render_dcevae(replace(found, once=True), ".txt").split())
    assert "a second copy of the block of rows before it, at the table's end: none found" in said


def test_other_programs_get_every_value(found):
    rows = list(csv.DictReader(io.StringIO(render_dcevae(found, ".csv"))))
    assert len(rows) == len(found.figures)
    whole = json.loads(render_dcevae(found, ".json"))
    assert whole["format"] == "causaldsl-dcevae"
    first = next(s for s in whole["summaries"] if (s["method"], s["figure"]) == ("first", "TE"))
    assert first["mean"] == pytest.approx(np.mean(list(found.values("first", "TE").values())))
    with pytest.raises(ValueError, match="not `\\.pdf`"):
        render_dcevae(found, ".pdf")


def test_a_model_named_as_the_table_s_row_is_refused():
    with pytest.raises(ValueError, match="differ"):
        comparison([model(REAL)], frame())


def test_comparing_models_needs_models():
    with pytest.raises(ValueError, match="no model"):
        comparison([], frame())
