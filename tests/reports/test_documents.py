"""Comparisons and audits as documents, and documents as text, Markdown, JSON and CSV."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from causaldsl.bench.table import FairnessTable, FitFinding, OutcomeError, Record
from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Label
from causaldsl.fairness.audit import FairnessReport, Provenance
from causaldsl.fairness.intervals import Floor, Interval
from causaldsl.fairness.measures.subject import MetricValue
from causaldsl.reports.document import Document, Table, figure, spread_figure
from causaldsl.reports.render_json import render_csv, render_json
from causaldsl.reports.render_markdown import render_markdown
from causaldsl.reports.render_text import render_text
from causaldsl.reports.tables import document_of_audit, document_of_comparison
from causaldsl.source import SourceFile, Span

PROVENANCE = Provenance(
    world_model="fair_k",
    evidence=("S", "G", "L"),
    couplings={"G": "additive", "L": "quantile"},
    assumptions=("latents are independent of the levels",),
    worlds=("S <- White", "S <- Black"),
    draws=50,
    seed=0,
    rows=20,
    rows_by_group={"White": 15, "Black": 5},
    epsilon=0.1,
    resamples=200,
    resampling_seed=0,
    level=0.95,
)


def record(seed, method, metric, value, world=None, floor=None):
    return Record(seed=seed, method=method, world=world, metric=metric, value=value, floor=floor)


TABLE = FairnessTable(
    data="law",
    n_rows=200,
    split="80/10/10",
    seeds=(0, 1),
    methods=("Constant", "Full", "exoc (K)"),
    metrics=("rmse", "cf_gap", "mmd_exoc", "group_w1"),
    common_world="fair_k",
    own_world={"exoc (K)": "exoc"},
    provenance={"fair_k": PROVENANCE},
    settings={"draws per row and world": "50"},
    records=(
        record(0, "Constant", "rmse", 0.94),
        record(1, "Constant", "rmse", 0.92),
        record(0, "Full", "rmse", 0.88),
        record(1, "Full", "rmse", 0.84),
        record(0, "Full", "cf_gap", 0.5, "fair_k", 0.01),
        record(1, "Full", "cf_gap", 0.7, "fair_k", 0.03),
        record(0, "exoc (K)", "cf_gap", 0.2, "exoc"),
        record(1, "exoc (K)", "cf_gap", 0.2, "exoc"),
        record(0, "Full", "group_w1", None),
    ),
    outcome_errors=(
        OutcomeError(seed=0, model="exoc", world="S <- Black", value=1.25),
        OutcomeError(seed=1, model="exoc", world="S <- Black", value=1.35),
    ),
    fit_findings=(
        FitFinding(seed=1, model="exoc", finding=diagnostic("CD801", "something to say")),
    ),
)

REPORT = FairnessReport(
    sensitive=("S",),
    outcome="Y",
    outcome_kind="real",
    provenance=PROVENANCE,
    values={
        "Full": {
            "rmse": MetricValue(
                metric="rmse",
                estimate=0.9,
                interval=Interval(low=0.8, high=1.0, level=0.95, method="bootstrap"),
                n_rows=20,
            ),
            "cf_w1": MetricValue(
                metric="cf_w1",
                estimate=0.25,
                floor=Floor(mean=0.01, upper=0.02, level=0.95, method="swaps", p_value=0.005),
                n_rows=20,
                by={"S <- White | S <- Black": 0.25},
            ),
            "group_w1": MetricValue(metric="group_w1", estimate=None, n_rows=20),
        }
    },
    outcome_errors={"S <- Black": 0.5},
    findings=(diagnostic("CD801", "`Asian` has 1 rows"),),
)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.918234, "0.9182"), (44374.6, "44375"), (1.23e-5, "1.23e-05"), (0.0, "0"), (-2.0, "-2.000")],
)
def test_figures_have_four_significant_digits(value, text):
    assert figure(value) == text


@pytest.mark.parametrize(
    ("mean", "sd", "text"),
    [
        (0.91823, 0.01312, "0.918 ± 0.013"),
        (38196.2, 1039.4, "38196 ± 1039"),
        (1.2e-9, 3.4e-9, "1.2e-09 ± 3e-09"),
        (3e-17, 1e-17, "0 ± 0"),
        (0.5, None, "0.5000"),
    ],
)
def test_a_spread_gives_the_mean_its_decimals(mean, sd, text):
    assert spread_figure(mean, sd) == text


def test_what_was_assumed_is_printed_before_what_was_found():
    for document in (document_of_comparison(TABLE), document_of_audit(REPORT)):
        for text in (render_text(document), render_markdown(document)):
            assert 0 < text.index("evidence") < text.index("rmse")


def test_a_comparison_names_splits_worlds_evidence_and_couplings():
    assumed = dict(document_of_comparison(TABLE).assumptions)
    assert assumed["splits"] == "2, seeds 0, 1"
    assert assumed["common world model"] == "fair_k"
    assert assumed["evidence, fair_k"] == "S, G, L"
    assert assumed["noise shared across worlds by, fair_k"] == "G additive, L quantile"


def test_cells_are_mean_sd_and_floor():
    text = render_text(document_of_comparison(TABLE))
    assert "0.860 ± 0.028" in text  # Full's rmse
    assert "0.060 ± 0.014" not in text
    assert "0.070 ± 0.014" in text  # its gain: 0.06 and 0.08
    assert "0.60 ± 0.14 [0.020]" in text  # its cf_gap and the mean floor


def test_each_model_s_own_world_is_a_table_of_its_own():
    tables = {table.title: table for table in document_of_comparison(TABLE).tables}
    own = tables["Each in its own world"]
    assert own.rows == (("exoc (K) in exoc", "0.2000 ± 0"),)


def test_a_missing_value_is_a_dash():
    tables = {table.title: table for table in document_of_comparison(TABLE).tables}
    assert dict(tables["Groups"].rows) == {"Constant": "-", "Full": "-", "exoc (K)": "-"}


def test_group_tables_say_that_they_are_not_counterfactual():
    tables = {table.title: table for table in document_of_comparison(TABLE).tables}
    assert any("not counterfactual" in note for note in tables["Groups"].notes)


def test_findings_of_fits_name_split_and_model():
    text = render_text(document_of_comparison(TABLE))
    assert "split 1, exoc: warning[CD801]: something to say" in text


def test_text_columns_are_aligned():
    table = Table(title="t", columns=("method", "a"), rows=(("x", "1.5"), ("longer", "10.25")))
    text = render_text(Document(title="d", assumptions=(), tables=(table,)))
    assert "  x         1.5\n  longer  10.25\n" in text
    assert not any(line.endswith(" ") for line in text.splitlines())


def test_markdown_tables_have_one_row_per_line_and_escape_their_cells():
    table = Table(title="t", columns=("a|b", "c_d"), rows=(("<x>", "1\n2"),))
    text = render_markdown(Document(title="d", assumptions=(), tables=(table,)))
    assert "| a\\|b | c\\_d |\n| :--- | ---: |\n| &lt;x&gt; | 1 2 |" in text


def test_an_audit_shows_interval_floor_and_p_value():
    (full, errors) = document_of_audit(REPORT).tables
    assert full.rows[0][:4] == ("rmse", "0.9000", "0.8000 .. 1.000", "-")
    assert full.rows[1][:5] == ("cf_w1", "0.2500", "-", "0.02000", "0.005")
    assert full.rows[2][1] == "-"
    assert errors.rows == (("S <- Black", "0.5000"),)


def test_json_keeps_every_value_of_every_split():
    body = json.loads(render_json(TABLE))
    assert body["format"] == "causaldsl-comparison"
    assert len(body["records"]) == len(TABLE.records)
    assert body["records"][-1]["value"] is None
    gap = [s for s in body["summaries"] if s["method"] == "Full" and s["metric"] == "cf_gap"]
    assert gap == [
        {
            "method": "Full",
            "world": "fair_k",
            "metric": "cf_gap",
            "mean": 0.6,
            "sd": pytest.approx(np.sqrt(0.02)),
            "n": 2,
            "floor": 0.02,
        }
    ]
    assert body["metrics_glossary"]["rmse"]["formula"] == "sqrt(mean((Y - Yhat)^2))"


def test_json_never_holds_nan():
    value = replace(REPORT.values["Full"]["rmse"], estimate=float("nan"))
    body = json.loads(render_json(replace(REPORT, values={"Full": {"rmse": value}})))
    assert body["values"]["Full"]["rmse"]["estimate"] is None


def test_json_of_a_finding_does_not_carry_the_source_text():
    file = SourceFile(path="m.scm", text="secret text")
    label = Label(span=Span(file=file, start=0, end=6))
    finding = diagnostic("CD801", "a finding", label)
    body = render_json(replace(REPORT, findings=(finding,)))
    assert "secret" not in body
    assert json.loads(body)["findings"][0]["code"] == "CD801"


def test_csv_of_a_comparison_has_one_line_per_value():
    rows = list(csv.DictReader(io.StringIO(render_csv(TABLE))))
    assert len(rows) == len(TABLE.records) + len(TABLE.outcome_errors)
    assert rows[4] == {
        "seed": "0",
        "method": "Full",
        "world": "fair_k",
        "metric": "cf_gap",
        "value": "0.5",
        "floor": "0.01",
    }
    assert rows[8]["value"] == ""


def test_csv_of_an_audit_has_one_line_per_metric():
    rows = list(csv.DictReader(io.StringIO(render_csv(REPORT))))
    assert [row["metric"] for row in rows] == ["rmse", "cf_w1", "group_w1"]
    assert rows[1]["p_value"] == "0.005"
