"""The embedded data: balanced, split without overlap, and checked before use."""

import numpy as np
import pytest

from handwriting_gan.data import mnist_5k
from handwriting_gan.data.glyphs import DIGITS, Glyphs
from handwriting_gan.errors import InputError


def test_each_digit_has_400_glyphs_to_train_on_and_100_held_out(
        glyphs: Glyphs, held_out: Glyphs) -> None:
    np.testing.assert_array_equal(glyphs.digits, np.repeat(np.arange(DIGITS), 400))
    np.testing.assert_array_equal(held_out.digits, np.repeat(np.arange(DIGITS), 100))


def test_no_glyph_is_in_both_splits(glyphs: Glyphs, held_out: Glyphs) -> None:
    train = {image.tobytes() for image in glyphs.images}
    assert not train & {image.tobytes() for image in held_out.images}


def test_the_ink_of_a_glyph_fits_in_mnists_box_of_20_by_20(held_out: Glyphs) -> None:
    for axis in (1, 2):
        inked = held_out.images.any(axis=axis)
        first, last = inked.argmax(axis=1), inked.shape[1] - inked[:, ::-1].argmax(axis=1)
        assert (last - first).max() == 20


def test_a_file_with_another_checksum_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist_5k, "SHA256", "0" * 64)
    with pytest.raises(InputError, match=r"mnist_5k\.csv\.gz is not the published file"):
        mnist_5k.load("train")
