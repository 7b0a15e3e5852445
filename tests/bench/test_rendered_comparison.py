"""A whole comparison, from fits to text."""

from causaldsl.bench.compare import CompareConfig, compare
from causaldsl.fairness.intervals import Resampling
from causaldsl.reports.render_text import render_text
from causaldsl.reports.tables import document_of_comparison


def test_a_comparison_renders_every_method_in_every_table(right, wrong, data):
    config = CompareConfig(seeds=(0, 1), draws=3, epsilon=0.1, resampling=Resampling(resamples=20))
    text = render_text(document_of_comparison(compare([right, wrong], data, config)))
    for title in (
        "Prediction, test rows",
        "Unit-level gaps, in the world of right",
        "EXOC's scale, in the world of right",
        "Each in its own world",
        "Groups",
        "RMSE of each model's counterfactual outcome against the true one",
    ):
        assert title in text
    assert text.count("\n  Constant") == 7
    assert text.count("\n  wrong (K) in wrong") == 1
