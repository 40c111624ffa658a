"""Batches hold writers of one series, the losses depend on the hand alone, and fitting separates hands."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp

from handwriting_gan.data.glyphs import SIDE, UNKNOWN_WRITER, Glyphs, make_glyphs, to_bytes, to_network
from handwriting_gan.metrics.morphometrics import slant
from handwriting_gan.recognition import fit_writer_encoder, writer_encoder
from handwriting_gan.recognition.fit_writer_encoder import SCALE, SHEAR, STRETCH, Loss, group_by_writer, sample_batch
from handwriting_gan.recognition.writer_encoder import Architecture, PlainEncoder, ResidualEncoder, WriterEncoder

WRITERS, GLYPHS = 3, 4
FORMS = {  # the series and the digits that each writer wrote
    11: (4, "001223"), 12: (4, "0123"), 13: (4, "0001"), 14: (4, "012"), 15: (4, "3210"),
    21: (0, "01234567"), 22: (0, "0123"), 23: (0, "00112"), UNKNOWN_WRITER: (0, "012345"),
}
SMALL = {"judge": PlainEncoder((8, 8, 8), 8), "second": ResidualEncoder((8, 8), 8)}
KEY = jax.random.key(3)
BLOCK = np.pad(np.full((1, 14, 14), 255, np.uint8), ((0, 0), (7, 7), (7, 7)))
shear_and_stretch = jax.jit(fit_writer_encoder.shear_and_stretch)
prototype_loss = jax.jit(fit_writer_encoder.prototype_loss)
contrastive_loss = jax.jit(fit_writer_encoder.contrastive_loss)
LOSSES = pytest.mark.parametrize("loss", [prototype_loss, contrastive_loss])


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_writer_encoder, "WRITERS", WRITERS)
    monkeypatch.setattr(fit_writer_encoder, "GLYPHS", GLYPHS)


def glyphs_of(forms: dict[int, tuple[int, str]]) -> Glyphs:
    """Blank glyphs of some writers in random order."""
    lines = [(int(digit), writer, series) for writer, (series, digits) in forms.items() for digit in digits]
    digits, writers, series = np.random.default_rng(0).permutation(lines).T
    return make_glyphs(np.zeros((len(lines), SIDE, SIDE), np.uint8), digits, writers, series)


@pytest.fixture
def rows() -> np.ndarray:
    """Rows `[2000, W, G]` of sampled batches."""
    writers = jax.tree.map(jnp.asarray, group_by_writer(glyphs_of(FORMS)))
    return np.asarray(jax.jit(jax.vmap(sample_batch, (None, 0)))(writers, jax.random.split(KEY, 2_000)))


def test_writers_with_enough_glyphs_are_grouped() -> None:
    glyphs = glyphs_of(FORMS)
    grouped = group_by_writer(glyphs)
    found = [glyphs.writers[rows[rows >= 0]].tolist() for rows in grouped.rows]
    assert found == [[11] * 6, [12] * 4, [13] * 4, [15] * 4, [21] * 8, [22] * 4, [23] * 5]
    assert grouped.rows.shape == (7, 8)
    assert grouped.series.tolist() == [1, 1, 1, 1, 0, 0, 0]
    assert np.unique(grouped.rows[grouped.rows >= 0]).size == 35


@pytest.mark.parametrize("forms", [
    pytest.param({}, id="no writer"),
    pytest.param({writer: FORMS[writer] for writer in (11, 12, 13, 14)} | {21: (0, "0123")}, id="one series of two"),
    pytest.param({UNKNOWN_WRITER: (0, "0123456789")}, id="unknown writers"),
])
def test_a_series_with_too_few_writers_is_refused(forms: dict[int, tuple[int, str]]) -> None:
    forms = forms or {14: (4, "012")}
    with pytest.raises(ValueError, match="fewer than 3 writers of 4 glyphs"):
        group_by_writer(glyphs_of(forms))


def test_a_batch_has_different_glyphs_of_different_writers_of_one_series(rows: np.ndarray) -> None:
    glyphs = glyphs_of(FORMS)
    assert rows.shape == (2_000, WRITERS, GLYPHS)
    assert rows.min() >= 0
    writers, series = glyphs.writers[rows], glyphs.series[rows]
    assert (writers == writers[:, :, :1]).all()
    assert (series == series[:, :1, :1]).all()
    assert (np.diff(np.sort(writers[:, :, 0], axis=1)) > 0).all()
    assert (np.diff(np.sort(rows, axis=2)) > 0).all()


def test_series_writers_and_glyphs_are_sampled_uniformly(rows: np.ndarray) -> None:
    """Half of the batches have series 4, with three of its four writers; writer 11 has six glyphs."""
    glyphs = glyphs_of(FORMS)
    frequency = np.bincount(rows.ravel(), minlength=len(glyphs.digits)) / len(rows)
    for writer, fraction in ((11, 4 / 6), (12, 1.0), (13, 1.0), (14, 0.0), (15, 1.0)):
        np.testing.assert_allclose(frequency[glyphs.writers == writer], 3 / 8 * fraction, atol=0.05)
    for writer, fraction in ((21, 4 / 8), (22, 1.0), (23, 4 / 5), (UNKNOWN_WRITER, 0.0)):
        np.testing.assert_allclose(frequency[glyphs.writers == writer], fraction / 2, atol=0.05)


def test_paper_stays_paper_and_ink_stays_in_range() -> None:
    paper = jnp.full((2, 3, SIDE, SIDE, 1), -1.0)
    np.testing.assert_allclose(shear_and_stretch(paper, KEY), paper)
    ink = shear_and_stretch(-paper, KEY)
    assert -1.0 - 1e-5 <= ink.min() < ink.max() <= 1.0 + 1e-5


def test_all_images_of_a_batch_have_the_same_shear_and_stretch(held_out: Glyphs) -> None:
    images = to_network(jnp.asarray(held_out.images[::167]))
    together = shear_and_stretch(images.reshape(2, 3, SIDE, SIDE, 1), KEY)
    np.testing.assert_allclose(together[1, 0], shear_and_stretch(images[3:4], KEY)[0], atol=1e-5)
    assert not np.allclose(together, shear_and_stretch(images, jax.random.key(4)).reshape(together.shape), atol=0.1)


def test_without_shear_and_stretch_an_image_is_unchanged(monkeypatch: pytest.MonkeyPatch,
                                                          held_out: Glyphs) -> None:
    monkeypatch.setattr(fit_writer_encoder, "SHEAR", 0.0)
    monkeypatch.setattr(fit_writer_encoder, "STRETCH", 0.0)
    images = to_network(jnp.asarray(held_out.images[:2]))
    np.testing.assert_allclose(fit_writer_encoder.shear_and_stretch(images, KEY), images, atol=1e-6)


def test_shear_and_stretch_have_their_standard_deviations() -> None:
    """A block's slant has the shear as its tangent; its height is its standard deviation along the rows."""
    keys = jax.random.split(KEY, 400)
    blocks = to_bytes(jax.jit(jax.vmap(lambda key: shear_and_stretch(to_network(BLOCK), key)[0]))(keys))
    shears = np.tan(slant(blocks.astype(float)))
    ink = blocks.sum(axis=2) / blocks.sum(axis=(1, 2))[:, None]
    heights = np.log(np.sqrt(ink @ (np.arange(SIDE) - (SIDE - 1) / 2) ** 2))
    assert shears.std() == pytest.approx(SHEAR, rel=0.1)
    assert heights.std() == pytest.approx(STRETCH, rel=0.1)
    assert abs(shears.mean()) < 0.03
    assert np.exp(heights.mean()) == pytest.approx(14 / np.sqrt(12), rel=0.03)


def consecutive(writers: int, glyphs: int) -> np.ndarray:
    """Digits `[W, G]`: every writer wrote 0, 1, 2, ..."""
    return np.tile(np.arange(glyphs), (writers, 1))


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@LOSSES
def test_the_loss_of_orthogonal_writers_is_minimal(loss: Loss) -> None:
    orthogonal = np.repeat(np.eye(5)[:, None], 4, axis=1)
    expected = {prototype_loss: np.log(1 + 4 * np.exp(-SCALE)),
                contrastive_loss: np.log(3 + 12 * np.exp(-SCALE))}  # of 15 others, 3 are the writer's
    assert float(loss(orthogonal, consecutive(5, 4), KEY)) == pytest.approx(expected[loss], abs=1e-5)


@LOSSES
def test_the_loss_of_equal_embeddings_is_the_log_of_the_number_of_choices(loss: Loss) -> None:
    """The choices are five writers, or fifteen glyphs of other digits."""
    alike = np.ones((5, 4, 1))
    assert float(loss(alike, consecutive(5, 4), KEY)) == pytest.approx(np.log({prototype_loss: 5}.get(loss, 15)))


def test_glyphs_of_the_querys_digit_do_not_count_for_a_hand() -> None:
    """Writers of a single digit have no hand for it, even if their embeddings are orthogonal."""
    orthogonal = np.repeat(np.eye(5)[:, None], 4, axis=1)
    assert float(prototype_loss(orthogonal, np.full((5, 4), 7), KEY)) == pytest.approx(np.log(5))


def test_the_prototype_loss_is_a_softmax_over_all_hands(rng: np.random.Generator) -> None:
    """With two digits per writer, the hand for a 0 is the writer's 1."""
    embeddings = unit(rng.normal(size=(5, 2, 3)))
    losses = []
    for glyph in (0, 1):
        cosines = SCALE * embeddings[:, glyph] @ embeddings[:, 1 - glyph].T
        losses.append(logsumexp(cosines, axis=1) - np.diagonal(cosines))
    assert float(prototype_loss(embeddings, consecutive(5, 2), KEY)) == pytest.approx(np.mean(losses), rel=1e-4)


def test_a_hand_uses_a_random_subset_of_the_writers_glyphs(rng: np.random.Generator) -> None:
    embeddings, digits = unit(rng.normal(size=(5, 6, 3))), consecutive(5, 6)
    found = {float(prototype_loss(embeddings, digits, key)) for key in jax.random.split(KEY, 5)}
    assert len(found) == 5
    assert float(prototype_loss(embeddings, digits, KEY)) == float(prototype_loss(embeddings, digits, KEY))


def test_the_contrastive_loss_is_equation_2_over_glyphs_of_different_digits(rng: np.random.Generator) -> None:
    embeddings, digits = unit(rng.normal(size=(4, 3, 3))), rng.integers(0, 3, (4, 3))
    flat, flat_digits, writer = embeddings.reshape(-1, 3), digits.ravel(), np.repeat(np.arange(4), 3)
    losses = []
    for row, cosines in enumerate(SCALE * flat @ flat.T):
        compared = flat_digits != flat_digits[row]
        own = compared & (writer == writer[row])
        losses.append(logsumexp(cosines[compared]) - cosines[own].mean() if own.any() else 0.0)
    assert float(contrastive_loss(embeddings, digits, KEY)) == pytest.approx(np.mean(losses), rel=1e-4)


@LOSSES
def test_a_writer_with_a_single_digit_has_finite_gradients(
        loss: Loss, rng: np.random.Generator) -> None:
    """A batch can contain only 2s by a writer."""
    embeddings, digits = jnp.asarray(unit(rng.normal(size=(3, 4, 3)))), consecutive(3, 4)
    digits[0] = 2
    gradient = jax.jit(jax.grad(loss))
    assert np.isfinite(gradient(embeddings, digits, KEY)).all()
    assert np.isfinite(gradient(embeddings, np.full_like(digits, 2), KEY)).all()


@LOSSES
def test_a_gradient_step_decreases_the_loss(loss: Loss, rng: np.random.Generator) -> None:
    """Every glyph has a gradient, also if a writer wrote a digit more than once."""
    embeddings = jnp.asarray(unit(rng.normal(size=(5, 6, 3))))
    digits = rng.integers(0, 4, (5, 6))
    gradient = jax.jit(jax.grad(loss))(embeddings, digits, KEY)
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max(axis=-1).min() > 0.0
    assert float(loss(embeddings - 0.05 * gradient, digits, KEY)) < float(loss(embeddings, digits, KEY))


def bars(writers: np.ndarray, rng: np.random.Generator) -> Glyphs:
    """Bars at random positions: 3 pixels wide for even writers and 7 for odd ones, long for a 0, short for a 1."""
    digits = rng.integers(0, 2, len(writers))
    middle = 13.5 + rng.uniform(-2, 2, (2, len(writers), 1, 1))
    rows, columns = np.abs(np.mgrid[:SIDE, :SIDE][:, None] - middle)
    width, height = np.where(writers % 2, 3.5, 1.5), 10 - 4 * digits
    ink = (columns < width[:, None, None]) & (rows < height[:, None, None])
    return make_glyphs(np.where(ink, 255, 0).astype(np.uint8), digits, writers, np.zeros_like(writers))


@pytest.mark.slow  # it fits an encoder; the fast tests check batches, losses and one update
@pytest.mark.parametrize("name", ["judge", "second"])
def test_fitting_separates_hands(
        name: str, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    monkeypatch.setitem(writer_encoder.ARCHITECTURES, name, Architecture(SMALL[name], ""))
    for constant, value in (("WRITERS", 2), ("EMA_DECAY", 0.0), ("WARM_UP", 1), ("LEARNING_RATE", 1e-2)):
        monkeypatch.setattr(fit_writer_encoder, constant, value)
    params = fit_writer_encoder.fit(name, bars(np.repeat([0, 1], 20), rng), steps=60, seed=0)
    others = bars(np.arange(20), rng)
    embeddings = WriterEncoder(name, params, "").embed(others.images, others.digits)
    assert embeddings.shape == (20, 8)
    cosines, alike = embeddings @ embeddings.T, np.add.outer(others.writers, others.writers) % 2 == 0
    other_digit = others.digits[:, None] != others.digits
    assert cosines[alike & other_digit].mean() > cosines[~alike & other_digit].mean() + 0.5


