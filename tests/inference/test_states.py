import pytest
import torch
from pyro.distributions import constraints as pyro_constraints
from torch.distributions import constraints, transform_to

from causaldsl.inference.states import (
    cloned,
    constraint_data,
    constraint_from,
    constraints_of,
    is_finite,
    state_from,
    unconstrained,
)

ALL = [
    constraints.real,
    constraints.positive,
    constraints.nonnegative,
    constraints.greater_than(0.01),
    constraints.less_than(3.0),
    constraints.unit_interval,
    constraints.interval(-1.0, 2.0),
    constraints.simplex,
    constraints.independent(constraints.real, 1),
    pyro_constraints.ordered_vector,
    pyro_constraints.softplus_positive,
]


@pytest.mark.parametrize("constraint", ALL, ids=str)
def test_a_constraint_rebuilt_from_data_maps_numbers_alike(constraint):
    again = constraint_from(constraint_data(constraint))
    x = torch.tensor([0.3, -0.2, 0.9]).double()
    torch.testing.assert_close(transform_to(again)(x), transform_to(constraint)(x))


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        ["os.system"],
        ["greater_than"],
        ["greater_than", "0"],
        ["independent", ["real"], 99],
    ],
)
def test_other_data_is_no_constraint(data):
    with pytest.raises(ValueError, match="unknown constraint"):
        constraint_from(data)


def test_a_constraint_without_a_name_is_refused():
    with pytest.raises(ValueError, match="no name"):
        constraint_data(constraints.positive_definite)


def test_a_state_survives_tensors_and_data():
    state = {
        "params": {"a": torch.ones(2).double().requires_grad_()},
        "constraints": {"a": constraints.positive},
    }
    again = state_from(unconstrained(state), constraints_of(state))
    assert torch.equal(again["params"]["a"], state["params"]["a"])
    assert again["params"]["a"].requires_grad


def test_a_clone_shares_no_memory():
    state = {
        "params": {"a": torch.ones(1).requires_grad_()},
        "constraints": {"a": constraints.real},
    }
    copy = cloned(state)
    with torch.no_grad():
        copy["params"]["a"].fill_(float("nan"))
    assert is_finite(state)
    assert not is_finite(copy)


def test_names_must_agree():
    with pytest.raises(ValueError, match="different names"):
        state_from({"a": torch.ones(1)}, {"b": ["real"]})
