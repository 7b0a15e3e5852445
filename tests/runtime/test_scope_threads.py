"""What runs inside `one_thread` leaves no trace outside."""

import pytest
import torch

from causaldsl.runtime.scope import one_thread


def _break_inside():
    with one_thread():
        assert torch.get_num_threads() == 1
        raise ValueError("broke")


def test_one_thread_is_one_thread_and_gives_the_others_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(ValueError, match="broke"):
            _break_inside()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
