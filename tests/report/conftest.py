"""Committed scorecards, as the reports of real evaluations."""

import dataclasses
from pathlib import Path

import pytest

from handwriting_gan.evaluation import scorecard
from handwriting_gan.evaluation.scorecard import (
    REAL_NUMBER,
    WRITTEN_NUMBER,
    IdentificationEstimates,
    Identified,
    Scorecard,
)
from handwriting_gan.metrics.bootstrap import Estimate

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


@pytest.fixture(scope="session")
def version_4(guided: Scorecard) -> Scorecard:
    """The same scorecard with the estimates that version 4 added."""

    def of_targets(least: float) -> dict[str, Estimate]:
        return {str(digit): Estimate(least + digit, (least + digit - 1, least + digit + 1)) for digit in range(10)}

    def identified(value: float) -> Identified:
        return Identified(Estimate(value, (value - 0.1, value + 0.1)), Estimate(value / 2))

    return dataclasses.replace(
        guided,
        real=dataclasses.replace(guided.real, frechet_distance_by_target=of_targets(1.0)),
        guided={mode: dataclasses.replace(part, frechet_distance_by_target=of_targets(20.0))
                for mode, part in guided.guided.items()},
        identification=IdentificationEstimates(10, 50, 12, 30, {
            name: {"judge": identified(value), "second": identified(value / 2)}
            for name, value in ((WRITTEN_NUMBER, 0.4), (REAL_NUMBER, 0.8))}, identified(0.1)),
        classification_accuracy={"real": Estimate(0.98, (0.97, 0.99)), "latent": Estimate(0.91),
                                 "writer": Estimate(0.5)})
