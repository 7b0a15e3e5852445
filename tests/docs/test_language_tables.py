"""The tables of the reference, against the tables of the vocabulary."""

import re
from pathlib import Path

import pytest

from causaldsl.semantics.couplings import natural_coupling
from causaldsl.semantics.model import Stochastic
from causaldsl.vocabulary.distributions import FAMILIES
from causaldsl.vocabulary.domains import SCALAR_WORDS
from causaldsl.vocabulary.functions import FUNCTIONS
from causaldsl.vocabulary.losses import KERNELS, TERMS
from causaldsl.vocabulary.networks import ACTIVATIONS, NETWORKS
from causaldsl.vocabulary.roles import Role
from causaldsl.vocabulary.training import TRAIN_WORDS

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| ")
]
FIRST = " ".join(row[0] for row in ROWS)


def _signature(family):
    def shown(p):
        return p.name if p.default is None else f"{p.name}={p.default:g}"

    return f"`{family.name}({', '.join(map(shown, family.parameters))})`"


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_stands_in_the_reference_with_its_parameters_and_coupling(name):
    row = next(row for row in ROWS if row[0] == _signature(FAMILIES[name]))
    if name != "Dirichlet":
        coupling = natural_coupling(Stochastic(family=name, arguments={}))
        assert row[2].split(",")[0] == coupling


@pytest.mark.parametrize("name", [*FUNCTIONS, *NETWORKS, *TERMS])
def test_a_call_stands_in_the_reference(name):
    assert f"`{name}(" in FIRST


@pytest.mark.parametrize("name", NETWORKS)
def test_the_settings_of_a_network_stand_in_the_reference(name):
    row = next(row for row in ROWS if row[0].startswith(f"`{name}(") and len(row) == 2)
    own = {s.name for s in NETWORKS[name].settings}
    listed = set(re.findall(r"`(\w+)=", row[1]))
    if "those of `mlp`" in row[1]:
        listed |= {s.name for s in NETWORKS["mlp"].settings}
    assert listed == own


@pytest.mark.parametrize("name", TERMS)
def test_the_settings_of_a_loss_term_stand_in_its_row(name):
    row = " ".join(" ".join(row) for row in ROWS if f"`{name}(" in row[0])
    if name == "hsic":
        assert "`kernel` as above" in row
        return
    assert all(re.search(rf"\b{s.name}\b", row) for s in TERMS[name].settings)


@pytest.mark.parametrize("name", TRAIN_WORDS)
def test_a_word_of_train_stands_in_the_reference(name):
    assert f"`{name}`" in FIRST
    words = TRAIN_WORDS[name].words
    row = next(" ".join(row) for row in ROWS if f"`{name}`" in row[0])
    assert all(f"`{word}" in row for word in words)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_stands_in_the_reference_with_what_a_table_holds(role):
    row = next(row for row in ROWS if row[0] == f"`{role.value}`")
    assert row[1] == ("yes" if role.is_observed else "no")


@pytest.mark.parametrize("word", [*SCALAR_WORDS, *ACTIVATIONS, *KERNELS])
def test_a_word_of_the_language_stands_in_the_reference(word):
    assert f"`{word}" in PAGE
