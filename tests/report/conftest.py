"""Committed scorecards, as the reports of real evaluations."""

import dataclasses
from pathlib import Path

import pytest

from handwriting_gan.evaluation import scorecard
from handwriting_gan.evaluation.scorecard import Scorecard

RESULTS = Path(__file__).parents[2] / "experiments" / "results"


@pytest.fixture(scope="session")
def ours() -> Scorecard:
    """The released model's scorecard: writers, no guided mode, K = 1, 3 and 10, two encoders."""
    return scorecard.read(RESULTS / "writer_guided.json")


@pytest.fixture(scope="session")
def guided() -> Scorecard:
    """StarGAN v2's scorecard: two guided modes and a hand; it lacks some later figures."""
    return scorecard.read(RESULTS / "stargan_v2.json")


@pytest.fixture(scope="session")
def without_writers(guided: Scorecard) -> Scorecard:
    """A scorecard on data without writer ids."""
    return dataclasses.replace(guided, hands=[], no_hand="data=mnist_5k knows no writers")
