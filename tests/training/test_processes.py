"""A single process; journeys/test_processes.py tests several."""

import numpy as np
import pytest

from handwriting_gan.errors import InputError
from handwriting_gan.training import processes
from handwriting_gan.training.devices import Agreement


def test_a_single_process_is_the_first_and_its_agreement_is_immediate() -> None:
    assert processes.is_first()
    agree = Agreement()
    assert [agree(number) for number in (0, 15, 0)] == [0, 15, 0]


def test_broadcasting_in_a_single_process_returns_the_tree() -> None:
    tree = {"x": np.arange(3)}
    assert processes.broadcast_from_first(tree) is tree


def test_all_or_none_returns_the_result_or_raises_the_error() -> None:
    assert processes.all_or_none(lambda: 7) == 7

    def refuse() -> None:
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        processes.all_or_none(refuse)


def test_joining_without_an_environment_names_the_flags() -> None:
    with pytest.raises(InputError, match="name --coordinator, --processes and --process"):
        processes.join()
