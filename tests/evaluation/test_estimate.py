"""A figure is written down with its interval, or left out with the reason."""

import json

import numpy as np
import pytest
from handwriting_gan.evaluation.estimate import estimate, missing

from handwriting_gan.metrics.bootstrap import Figure, TooFewError


def too_few(count: int) -> Figure:
    raise TooFewError(f"{count} are too few")


def test_a_figure_is_written_down_with_its_interval() -> None:
    assert estimate(Figure, 0.5, (0.25, 0.75)) == {"value": 0.5, "interval": [0.25, 0.75]}


def test_a_figure_without_an_interval_says_so() -> None:
    assert estimate(Figure, 0.5, None) == {"value": 0.5, "interval": None}


def test_a_number_is_a_figure_without_an_interval() -> None:
    assert estimate(np.mean, [1.0, 2.0]) == {"value": 1.5, "interval": None}


def test_where_there_is_too_little_the_reason_is_said() -> None:
    assert estimate(too_few, 3) == missing("3 are too few") == {"value": None, "why": "3 are too few"}


def test_other_errors_are_not_kept_quiet() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        estimate(int, "x")


def test_an_estimate_can_be_saved() -> None:
    for found in (estimate(np.float32, 0.5), estimate(Figure, 0.5, (0.25, 1.0)), estimate(too_few, 1)):
        assert json.loads(json.dumps(found)) == found
