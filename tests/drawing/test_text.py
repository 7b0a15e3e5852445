import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from causaldsl.drawing.text import cleaned, shortened, text_width, typographic, wrapped


@pytest.mark.parametrize(
    "text",
    [
        "Hours_Per_Week",
        "WWWMMM@@",
        "first-year average",
        "fill",
        "Größe",
        "ΑΒΓαβγ",
        "Возраст",
        "x1",
    ],
)
@pytest.mark.parametrize("bold", [False, True])
def test_estimates_are_no_less_than_a_wide_face_needs(text, bold):
    face = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal", size=20)
    needed = TextPath((0, 0), text, prop=face).get_extents().width
    estimate = text_width(text, 20, bold=bold)
    assert needed * 0.98 <= estimate <= needed * 1.6 + 8


def test_wide_signs_count_as_one_em():
    assert text_width("年齢", 10) == 20


def test_combining_marks_have_no_width():
    assert text_width("e\u0301", 10) == text_width("e", 10)


def test_primes_are_set_as_primes():
    assert typographic("S'") == "S\u2032"
    assert typographic("S''*") == "S\u2033*"
    assert typographic("it's") == "it's"


def test_cleaning_keeps_one_line_without_controls():
    assert cleaned("a\n b\t\x00c\u202e d") == "a b c d"


def test_a_text_that_fits_is_not_shortened():
    assert shortened("abc", 1000, 10) == "abc"


def test_a_shortened_text_fits_and_says_so():
    short = shortened("{White, Black, Asian, Hispanic}", 100, 11)
    assert short.endswith("\u2026")
    assert text_width(short, 11) <= 100


def test_wrapped_lines_fit_and_lose_nothing_while_there_is_room():
    lines = wrapped("first year average of all courses", 100, 11, 3)
    assert " ".join(lines) == "first year average of all courses"
    assert all(text_width(line, 11) <= 100 for line in lines)


def test_the_last_wrapped_line_is_shortened():
    lines = wrapped("one two three four five six seven eight nine ten", 60, 11, 2)
    assert len(lines) == 2
    assert lines[1].endswith("\u2026")


def test_a_word_too_long_for_a_line_is_shortened():
    assert all(text_width(line, 11) <= 60 for line in wrapped("a" * 90 + " b", 60, 11, 2))
