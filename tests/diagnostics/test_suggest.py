"""Did-you-mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causaldsl.diagnostics.suggest import did_you_mean, distance, suggest


@pytest.mark.parametrize(
    ("left", "right", "edits"),
    [
        ("race", "race", 0),
        ("raec", "race", 1),
        ("rce", "race", 1),
        ("racce", "race", 1),
        ("rase", "race", 1),
        ("", "abc", 3),
        ("kitten", "sitting", 3),
        ("ca", "abc", 3),
    ],
)
def test_an_edit_inserts_deletes_replaces_or_swaps(left, right, edits):
    assert distance(left, right, 9) == edits


@given(st.text("abc", max_size=6), st.text("abc", max_size=6), st.integers(0, 6))
def test_the_distance_is_cut_at_its_limit(left, right, limit):
    assert distance(left, right, limit) == min(distance(left, right, 20), limit + 1)


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_the_distance_is_symmetric(left, right):
    assert distance(left, right, 9) == distance(right, left, 9)


def test_names_within_a_third_of_the_length_are_offered():
    assert suggest("raec", ["race", "sex", "lsat"]) == ("race",)
    assert suggest("x", ["x'", "ax"]) == ("x'", "ax")
    assert suggest("sensitve", ["sensitive", "observed"]) == ("sensitive",)


def test_a_name_without_a_letter_in_common_is_not_offered():
    assert suggest("x", ["y", "z"]) == ()


def test_the_nearest_come_first_and_at_most_three():
    assert suggest("abcdef", ["abcdxy", "abcdex", "bacdef", "abcde", "abxdef"]) == (
        "abcdex",
        "bacdef",
        "abcde",
    )


def test_a_difference_in_case_is_nearest():
    assert suggest("RACE", ["rice", "race"]) == ("race",)


def test_the_name_itself_is_not_offered():
    assert suggest("race", ["race", "race"]) == ()


def test_a_hint_names_the_candidates():
    assert did_you_mean("raec", ["race"]) == "did you mean `race`?"
    assert did_you_mean("ab", ["ax", "bb"]) == "did you mean `ax` or `bb`?"
    assert did_you_mean("something", ["else"]) is None
