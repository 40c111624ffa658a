"""What a process does that is alone; several are in journeys/test_processes.py."""

import numpy as np
import pytest

from handwriting_gan.errors import InputError
from handwriting_gan.training import processes
from handwriting_gan.training.devices import Agreement


def test_a_process_alone_is_the_first_and_agrees_with_itself_at_once() -> None:
    assert processes.is_first()
    agree = Agreement()
    assert [agree(number) for number in (0, 15, 0)] == [0, 15, 0]


def test_what_the_first_has_is_what_it_has_alone() -> None:
    tree = {"x": np.arange(3)}
    assert processes.of_the_first(tree) is tree


def test_what_begins_is_returned_and_what_cannot_says_why() -> None:
    assert processes.all_or_none(lambda: 7) == 7

    def refuse() -> None:
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        processes.all_or_none(refuse)


def test_joining_nobody_says_what_to_name() -> None:
    with pytest.raises(InputError, match="name --coordinator, --processes and --process"):
        processes.join()
