"""When something is due."""

import pytest

from handwriting_gan.training.cadence import due


@pytest.mark.parametrize("stride", [1, 3, 10])
def test_each_multiple_is_met_once_whatever_the_stride(stride: int) -> None:
    steps = range(stride, 61, stride)
    met = [step for step in steps if due(step, 10, step - stride, last=1_000)]
    assert len(met) == 6
    assert all(0 <= step % 10 < stride for step in met)


def test_the_last_step_is_always_due() -> None:
    assert due(7, 10, 6, last=7)
    assert not due(6, 10, 5, last=7)
