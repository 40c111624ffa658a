"""A classifier that learns from outputs reads real glyphs as well as the outputs deserve."""

import numpy as np
import pytest

from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.classification_accuracy import measure_accuracy, outputs_of
from handwriting_gan.evaluation.scorecard import REAL_GLYPHS
from handwriting_gan.metrics.bootstrap import Estimate
from tests.evaluation.conftest import MODES, PROTOCOL, Oracle, WrongDigit, blank

FAKES = 700
MANY = PROTOCOL._replace(fakes=FAKES)


def taught(model: Oracle, by: str, material: Bench) -> Estimate:
    return measure_accuracy(model, by, own_train(material), material.held_out, MANY, 0)


def own_train(material: Bench) -> Glyphs:
    """Training glyphs whose writers are those that the oracle knows."""
    return material.held_out


@pytest.fixture(scope="module")
def real(oracle: Oracle, material: Bench) -> Estimate:
    """The score of real training glyphs."""
    return measure_accuracy(oracle, REAL_GLYPHS, material.train, material.held_out, MANY, 0)


def test_real_glyphs_teach_to_read(real: Estimate) -> None:
    assert real.value > 0.7
    assert real.interval[0] < real.value < real.interval[1]


@pytest.mark.parametrize("mode", MODES)
def test_an_oracle_teaches_as_real_glyphs_do(mode: str, oracle: Oracle, material: Bench, real: Estimate) -> None:
    assert taught(oracle, mode, material).value > real.value - 0.2


def test_wrong_digits_and_blank_glyphs_teach_nothing(styled: np.ndarray, material: Bench) -> None:
    assert taught(WrongDigit(styled), "reference", material).value < 0.1
    assert taught(blank(styled), "latent", material).value < 0.2


@pytest.mark.parametrize("mode", [REAL_GLYPHS, *MODES])
def test_as_many_outputs_as_the_protocol_says_show_all_digits(mode: str, oracle: Oracle, material: Bench) -> None:
    images, digits = outputs_of(oracle, mode, own_train(material), MANY, 0)
    assert FAKES - 9 < len(images) == len(digits) <= FAKES
    assert np.bincount(digits, minlength=10).min() > FAKES // 20


def test_sources_and_references_are_training_glyphs(styled: np.ndarray, material: Bench) -> None:
    known = {image.tobytes() for image in material.held_out.images}
    for mode in ("latent", "reference", "writer"):
        model = Oracle(styled)
        outputs_of(model, mode, material.held_out, MANY, 0)
        for _, inputs, examples, *_ in model.calls:
            for glyphs in (each for each in (inputs, examples) if isinstance(each, Glyphs)):
                assert {image.tobytes() for image in glyphs.images.reshape(-1, 28, 28)} <= known


def test_natural_tries_come_from_the_largest_number_of_references(styled: np.ndarray, material: Bench) -> None:
    model = Oracle(styled)
    outputs_of(model, "writer", material.held_out, MANY, 0)
    assert len(model.calls) == -(-FAKES // 240)  # 24 writers of ten digits
    assert [call[3] for call in model.calls] == [0, 1, 2]
    assert all(call[1].digits.shape == (240, 3) and call[4] == 1.0 for call in model.calls)


def test_without_training_writers_natural_tries_have_a_reason(styled: np.ndarray, unknown_writers: Bench) -> None:
    found = measure_accuracy(Oracle(styled), "writer", unknown_writers.train, unknown_writers.held_out, MANY, 0)
    assert found == Estimate(None, reason="no training writer is known by enough glyphs")
