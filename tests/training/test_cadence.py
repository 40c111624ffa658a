"""When an action is due."""

import pytest

from handwriting_gan.training.cadence import due


@pytest.mark.parametrize("stride", [1, 3, 10])
def test_each_multiple_is_due_once_for_every_stride(stride: int) -> None:
    steps = range(stride, 61, stride)
    due_steps = [step for step in steps if due(step, 10, step - stride, last=1_000)]
    assert len(due_steps) == 6
    assert all(0 <= step % 10 < stride for step in due_steps)


def test_the_last_step_is_always_due() -> None:
    assert due(7, 10, 6, last=7)
    assert not due(6, 10, 5, last=7)
