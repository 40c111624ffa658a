"""A batch is a pure function of its keys, balanced over the digits, and consists of the pool's glyphs."""

import jax
import numpy as np
import pytest

from handwriting_gan.data import batches
from handwriting_gan.data.batches import Batch, Pool, make_pool
from handwriting_gan.data.glyphs import DIGITS, Glyphs, to_bytes
from handwriting_gan.errors import InputError

KEYS = jax.random.split(jax.random.key(7), 8)
MANY = 3_000
sample_batch = jax.jit(batches.sample_batch)


@pytest.fixture(scope="module")
def unbalanced(glyphs: Glyphs) -> Glyphs:
    """All zeros and three glyphs of every other digit, shuffled."""
    first_of_each = np.arange(len(glyphs.digits)) % 400 < 3
    rows = np.flatnonzero((glyphs.digits == 0) | first_of_each)
    return glyphs.take(np.random.default_rng(0).permutation(rows))


@pytest.fixture(scope="module")
def pool(unbalanced: Glyphs) -> Pool:
    return make_pool(unbalanced)


@pytest.fixture(scope="module")
def batch(pool: Pool) -> Batch:
    """Enough examples for statistics."""
    return sample_batch(pool, jax.random.split(jax.random.key(0), MANY))


def assert_equal(one: Batch, other: Batch) -> None:
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_a_pool_sorts_the_glyphs_by_digit(unbalanced: Glyphs, pool: Pool) -> None:
    for digit in range(DIGITS):
        rows = slice(pool.first[digit], pool.first[digit] + pool.counts[digit])
        expected = unbalanced.images[unbalanced.digits == digit]
        np.testing.assert_array_equal(pool.images[rows], expected)


def test_a_pool_refuses_a_missing_digit(glyphs: Glyphs) -> None:
    with pytest.raises(ValueError, match=r"\[4, 8\]"):
        make_pool(glyphs.take(~np.isin(glyphs.digits, [4, 8])))


def test_the_same_keys_sample_the_same_batch(pool: Pool) -> None:
    assert_equal(sample_batch(pool, KEYS), sample_batch(pool, KEYS))


def test_other_keys_sample_another_batch(pool: Pool) -> None:
    other = sample_batch(pool, jax.random.split(jax.random.key(8), len(KEYS)))
    assert not np.array_equal(sample_batch(pool, KEYS).sources, other.sources)


def test_an_example_depends_on_its_key_alone(pool: Pool) -> None:
    whole = sample_batch(pool, KEYS)
    assert_equal(sample_batch(pool, KEYS[::-1]), jax.tree.map(lambda x: x[::-1], whole))
    halves = sample_batch(pool, KEYS[:4]), sample_batch(pool, KEYS[4:])
    assert_equal(jax.tree.map(lambda *x: np.concatenate(x), *halves), whole)


@pytest.mark.parametrize("name", ["source_digits", "reference_digits"])
def test_digits_are_balanced_although_the_pool_is_not(name: str, batch: Batch) -> None:
    counts = np.bincount(getattr(batch, name), minlength=DIGITS)
    deviation = np.sqrt(MANY * 0.1 * 0.9)
    assert np.abs(counts - MANY / DIGITS).max() < 5 * deviation


def test_source_and_reference_digits_are_independent(batch: Batch) -> None:
    equal = np.sum(batch.source_digits == batch.reference_digits)
    assert abs(equal - MANY / DIGITS) < 5 * np.sqrt(MANY * 0.1 * 0.9)


@pytest.mark.parametrize(("images", "digits"), [
    ("sources", "source_digits"),
    ("references", "reference_digits"),
    ("second_references", "reference_digits"),
])
def test_every_image_is_a_glyph_of_the_pool_and_of_its_digit(
        images: str, digits: str, unbalanced: Glyphs, batch: Batch) -> None:
    digit_of = {image.tobytes(): digit
                for image, digit in zip(unbalanced.images, unbalanced.digits, strict=True)}
    found = [digit_of[image.tobytes()] for image in to_bytes(getattr(batch, images))]
    assert found == getattr(batch, digits).tolist()


def test_the_two_references_are_independent(batch: Batch) -> None:
    """With three glyphs of a digit, both are the same in a third of all cases."""
    few = batch.reference_digits != 0
    same = np.all(batch.references == batch.second_references, axis=(1, 2, 3))[few].mean()
    assert same == pytest.approx(1 / 3, abs=0.05)


def test_every_glyph_of_the_pool_can_be_sampled(unbalanced: Glyphs, batch: Batch) -> None:
    rare = {image.tobytes() for image in unbalanced.images[unbalanced.digits != 0]}
    assert rare <= {image.tobytes() for image in to_bytes(batch.sources)}


def test_in_both_directions_the_target_is_the_other_images_digit(batch: Batch) -> None:
    images, digits, others = batches.both_directions(batch)
    half = len(batch.source_digits)
    np.testing.assert_array_equal(images[:half], batch.sources)
    np.testing.assert_array_equal(images[half:], batch.references)
    np.testing.assert_array_equal(digits, np.roll(others, half))
    np.testing.assert_array_equal(digits[:half], batch.source_digits)


def test_indexed_glyphs_are_equally_many_of_each_digit(glyphs: Glyphs) -> None:
    examples = batches.indexed_examples(30)
    images = examples.make_pool(glyphs)
    digit_of = {image.tobytes(): digit for image, digit in zip(glyphs.images, glyphs.digits, strict=True)}
    assert [digit_of[image.tobytes()] for image in images] == np.repeat(np.arange(DIGITS), 3).tolist()
    batch = jax.jit(examples.sample)(images, jax.random.split(jax.random.key(0), 500))
    assert set(batch.indices.tolist()) == set(range(30))
    np.testing.assert_array_equal(to_bytes(batch.images), images[batch.indices])
    assert batch.digits.tolist() == [digit_of[image.tobytes()] for image in to_bytes(batch.images)]


def test_an_indexed_glyph_depends_on_its_key_alone(glyphs: Glyphs) -> None:
    examples = batches.indexed_examples(30)
    images = examples.make_pool(glyphs)
    whole, half = examples.sample(images, KEYS), examples.sample(images, KEYS[4:])
    assert_equal(half, jax.tree.map(lambda x: x[4:], whole))


@pytest.mark.parametrize("count", [4_010, 25])
def test_an_impossible_number_of_indexed_glyphs_is_refused(count: int, glyphs: Glyphs) -> None:
    with pytest.raises(InputError, match=f"config.glyphs is {count}; .* a multiple of 10 up to 4000"):
        batches.indexed_examples(count).make_pool(glyphs)


def test_noise_differs_between_directions_and_depends_on_the_examples_key() -> None:
    keys = jax.random.split(jax.random.key(0), 4)
    noise, of_half = batches.sample_normal(keys, (2, 3)), batches.sample_normal(keys[2:], (2, 3))
    assert noise.shape == (8, 2, 3)
    np.testing.assert_array_equal(of_half, np.concatenate([noise[2:4], noise[6:]]))
    assert len(np.unique(noise)) == noise.size
