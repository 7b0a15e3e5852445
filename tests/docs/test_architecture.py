"""The names that the page says emitted modules have are those that they have."""

import re
from pathlib import Path

import pytest

from tests.models_text import EXOC, compiled_of

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text("utf-8")
DEEP = """scm m
sensitive a : binary
observed x, z : real
outcome y : binary
latent u[2]
group f = x, z
u, a -> f, y
f ~ mlp(parents; hidden=[3], norm=batch)
y ~ mlp(u; hidden=[3]) by a
guide u ~ Normal(mlp(x, z, y; hidden=[3]) by a)
loss alike = mmd(u by a)
loss apart = total_correlation(u, a; network=mlp(hidden=[3]))
"""


def names_in(start, end):
    """The module's names in the first column of the tables between two lines of the page."""
    part = PAGE[PAGE.index(start) : PAGE.index(end)]
    cells = [line.split(" | ")[0] for line in part.splitlines() if line.startswith("| `")]
    found = re.findall(r"`(\w+)(?:\([^)]*\))?`", " ".join(cells))
    return [n for n in found if n not in ("given_V", "heads_NAME")]


@pytest.mark.parametrize("name", names_in("## The emitted module", "A module with networks"))
def test_a_name_of_every_module_is_there(name):
    assert hasattr(compiled_of(DEEP).module, name)
    if name not in ("EVENTS", "NETWORKS", "HEADS"):
        assert hasattr(compiled_of(EXOC).module, name)


@pytest.mark.parametrize("name", names_in("A module with networks", "## Rooms"))
def test_a_name_of_a_module_with_networks_is_there(name):
    assert hasattr(compiled_of(DEEP).module, name)


def test_weights_are_named_as_the_page_says():
    module = compiled_of(DEEP).module
    assert {"f", "y", "guide.u", "player.apart"} <= set(module.NETWORKS)
    assert hasattr(module, "heads_f")
    assert hasattr(module, "given_y")
