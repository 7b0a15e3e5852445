import pytest

from causaldsl.drawing.theme import DARK, LIGHT, ROLES, palette, role_style
from causaldsl.vocabulary.roles import Role


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


GROUNDS = ["ground", "factual-panel", "shared-panel", "counterfactual-panel"]
PALETTES = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])


@PALETTES
@pytest.mark.parametrize("role", ROLES)
def test_text_on_every_fill_meets_aa(colours, role):
    assert contrast(colours["text"], colours[f"{role}-fill"]) >= 4.5
    assert contrast(colours["muted"], colours[f"{role}-fill"]) >= 4.5


@PALETTES
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_and_arrows_on_every_ground_meet_aa(colours, ground):
    assert contrast(colours["text"], colours[ground]) >= 4.5
    assert contrast(colours["muted"], colours[ground]) >= 4.5
    assert contrast(colours["arrow"], colours[ground]) >= 3
    assert contrast(colours["latent-arrow"], colours[ground]) >= 3


@PALETTES
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("ground", GROUNDS)
def test_borders_on_every_ground_meet_aa(colours, role, ground):
    assert contrast(colours[f"{role}-line"], colours[ground]) >= 3
    assert contrast(colours[f"{role}-line"], colours[f"{role}-fill"]) >= 3


def test_both_palettes_name_the_same_colours():
    assert list(LIGHT) == list(DARK)


def test_every_role_of_the_language_has_a_look():
    assert {role.value for role in Role} <= ROLES.keys()


def test_roles_differ_in_shape_or_line():
    looks = [(style.shape, style.dash) for style in ROLES.values()]
    assert len(set(looks)) == len(looks)


def test_formats_that_cannot_ask_take_auto_for_light():
    assert palette("auto") is LIGHT
    assert palette("dark") is DARK


def test_an_unknown_role_looks_observed():
    assert role_style("mystery") is ROLES["observed"]
