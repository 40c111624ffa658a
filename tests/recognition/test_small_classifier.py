"""The small classifier learns what its glyphs teach, and nothing else."""

import numpy as np
import pytest

from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.recognition import small_classifier
from handwriting_gan.recognition.small_classifier import Params


@pytest.fixture(scope="module")
def params(glyphs: Glyphs) -> Params:
    """Fitted on 1,000 glyphs."""
    return small_classifier.fit(glyphs.images[::4], glyphs.digits[::4], 0)


def test_it_reads_held_out_glyphs(params: Params, held_out: Glyphs) -> None:
    read = small_classifier.read(params, held_out.images)
    assert read.dtype == np.int32
    assert (read == held_out.digits).mean() > 0.85


def test_it_learns_wrong_digits_too(glyphs: Glyphs, held_out: Glyphs) -> None:
    params = small_classifier.fit(glyphs.images[::4], (glyphs.digits[::4] + 1) % 10, 0)
    assert (small_classifier.read(params, held_out.images) == (held_out.digits + 1) % 10).mean() > 0.85


def test_the_same_seed_fits_the_same_and_another_does_not(glyphs: Glyphs) -> None:
    one, again, other = (small_classifier.fit(glyphs.images[:200], glyphs.digits[:200], seed) for seed in (1, 1, 2))
    kernels = [fitted["Dense_0"]["kernel"] for fitted in (one, again, other)]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])


def test_a_few_glyphs_are_enough_to_fit(held_out: Glyphs) -> None:
    params = small_classifier.fit(held_out.images[:5], held_out.digits[:5], 0)
    assert small_classifier.read(params, held_out.images[:3]).shape == (3,)
